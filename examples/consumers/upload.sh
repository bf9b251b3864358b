#!/bin/sh
# Uploads with curl: upload.sh URL TYPE IMAGE DESCRIPTION; ticket and token come by the environment.
set -eu
url=$1 type=$2 image=$3 description=$4
ns=http://www.superoffice.net/ws/crm/NetServer/Services86
cr=$(printf '\r')

escaped() { # standard input, with a carriage return as a reference
    sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e "s/$cr/\\&#13;/g"
}

if [ -n "$description" ] && LC_ALL=C grep -q -a "$(printf '[\001-\010\013\014\016-\037]')" "$description"
then
    echo 'the description has control characters' >&2
    exit 1
fi
{
    printf '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="%s"><s:Header>' "$ns"
    [ -z "$SOBLOB_TOKEN" ] || printf '<n:ApplicationToken>%s</n:ApplicationToken>' "$SOBLOB_TOKEN"
    printf '<n:Credentials><n:Ticket>%s</n:Ticket></n:Credentials></s:Header><s:Body>' "$SOBLOB_TICKET"
    printf '<n:SaveImageStream><n:Type>%s</n:Type><n:Image>' "$type"
    base64 "$image"
    printf '</n:Image>'
    if [ -n "$description" ]; then
        printf '<n:Description>'
        { cat "$description"; printf '.'; } | escaped | head -c -1
        printf '</n:Description>'
    fi
    printf '</n:SaveImageStream></s:Body></s:Envelope>'
} > request.xml
trap 'rm -f request.xml' EXIT

status=$(curl --silent --max-time 1 --output answer.xml --write-out '%{http_code} %{content_type}' \
    --header 'Content-Type: text/xml; charset=utf-8' --header "SOAPAction: \"$ns/BLOB/SaveImageStream\"" \
    --header 'Expect:' --data-binary @request.xml "$url") || { echo 'no answer' >&2; exit 1; }
case $status in
    '200 text/xml'*) ;;
    *) echo "HTTP $status" >&2; exit 1 ;;
esac
# Reading XML by patterns is what a shell can do: it takes one spelling only, and fails at others.
answer=$(tr -d '\n\r' < answer.xml)
case $answer in
    *'<!DOCTYPE'*) echo 'a document type' >&2; exit 1 ;;
    *':Succeeded'*'>true</'*'SaveImageStreamResponse'*'Response>'*) ;;
    *) echo 'Succeeded is not true' >&2; exit 1 ;;
esac
id=$(printf '%s' "$answer" | sed -n 's/.*[:<]Response>\([1-9][0-9]\{0,9\}\)<.*/\1/p')
if [ -z "$id" ] || [ "$id" -gt 2147483647 ]; then
    echo 'no blob id' >&2
    exit 1
fi
echo "$id"
