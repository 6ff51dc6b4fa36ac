#!/usr/bin/env bash
# Makes the certificates with which the machines of one instance know each other: an authority of their own, and for each
# machine NAME.crt, NAME.key, and both in NAME.pem. Run it where the authority's key stays, better not on one of them.
#
#   certificates.sh FOLDER NAME [ADDRESS]
#
# Each machine gets its own three files and authority.crt, over a way that you trust, and no other key. They are good for
# 400 days: run it again before. Needs openssl.
set -euo pipefail
umask 077

[ $# -ge 2 ] || { echo "Arguments are missing; the head of $0 says how it is called." >&2; exit 1; }
readonly NAME=$2 DAYS=400
mkdir -p -- "$1"
cd -- "$1"

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

if [ ! -e authority.key ]; then
    key authority.key
    openssl req -x509 -key authority.key -out authority.crt -days 3650 -subj /CN=authority \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign
fi
key "$NAME.key"
openssl req -new -key "$NAME.key" -subj "/CN=$NAME" \
    | openssl x509 -req -CA authority.crt -CAkey authority.key -days $DAYS -out "$NAME.crt" -extfile <(
        echo "subjectAltName=DNS:$NAME${3:+,IP:$3}"
        echo "basicConstraints=critical,CA:FALSE"
        echo "extendedKeyUsage=serverAuth,clientAuth"
    ) 2>/dev/null
cat "$NAME.crt" "$NAME.key" >"$NAME.pem"
