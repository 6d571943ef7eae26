#!/bin/sh
# curl as a client: `sh curl_loop.sh URL [option of curl …]`. Shows whole events only, and comes back
# with the id of the last one that it showed.
url=$1
shift
last=$(mktemp)
trap 'rm -f "$last"' EXIT
trap 'exit 0' TERM INT
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
            esac
            frame=$frame$line$nl
        done
    }
    sleep 1
done
