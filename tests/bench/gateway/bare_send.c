/* The limit: one send(2) per client and event, in C, and nothing else.
 *
 * The first connection is the publisher's: it sends a length (4 bytes, big endian) and so many bytes,
 * which go to every other connection. Nothing is parsed, nothing is kept. A send blocks where a
 * client's buffer is full, so nobody misses anything.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char HEAD[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    "1a\r\nevent: snapshot\ndata: {}\n\n\r\n";

static int clients[65536], count;
static char frame[1 << 20];

static void must(int ok, const char *what) {
    if (!ok) { perror(what); exit(1); }
}

static int all_of(int fd, char *at, size_t length) {
    while (length) {
        ssize_t n = recv(fd, at, length, 0);
        if (n <= 0) return 0;
        at += n;
        length -= n;
    }
    return 1;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    must(!bind(listener, (struct sockaddr *)&address, size), "bind");
    must(!listen(listener, 4096), "listen");
    must(!getsockname(listener, (struct sockaddr *)&address, &size), "getsockname");
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    printf("stream-gateway listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);

    int publisher = accept(listener, NULL, NULL), poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = publisher;
    epoll_ctl(poll, EPOLL_CTL_ADD, publisher, &event);
    while (epoll_wait(poll, &event, 1, -1) == 1) {
        if (event.data.fd == listener) {
            int client = accept(listener, NULL, NULL);
            if (client < 0 || count == 65536) continue;
            send(client, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL);
            clients[count++] = client;
            continue;
        }
        uint32_t length;
        if (!all_of(publisher, (char *)&length, 4)) return 0;
        length = ntohl(length);
        if (length > sizeof frame || !all_of(publisher, frame, length)) return 1;
        for (int i = 0; i < count; i++) {
            if (send(clients[i], frame, length, MSG_NOSIGNAL) < 0) {
                close(clients[i]);
                clients[i--] = clients[--count];
            }
        }
    }
    return 0;
}
