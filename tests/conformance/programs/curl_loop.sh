#!/bin/sh
# curl as a client: `sh curl_loop.sh URL [option of curl …]`. Shows whole events only, and comes back
# with the id of the last one that it showed, when the stream said that it may.
url=$1
shift
last=$(mktemp)
pause=$(mktemp)
trap 'rm -f "$last" "$pause"' EXIT
trap 'exit 0' TERM INT
echo 1000 >"$pause"
nl='
'
while :; do
    curl --silent --no-buffer --header "Last-Event-ID: $(cat "$last")" "$@" "$url" | {
        frame= id=
        while IFS= read -r line; do
            case $line in
            '')
                printf '%s\n' "$frame"
                if [ -n "$id" ]; then printf %s "$id" >"$last"; fi
                frame= id=
                continue
                ;;
            'id: '*) id=${line#id: } ;;
            'retry: '*) echo "${line#retry: }" >"$pause" ;;
            esac
            frame=$frame$line$nl
        done
    }
    sleep "$(awk '{ print $1 / 1000 }' "$pause")"
done
