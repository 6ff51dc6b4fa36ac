#!/usr/bin/env bash
# Copies a release into a new folder and checks the copy: signature first, then every file, then its version.
# Nothing of it may be used unless this ends with status 0; whoever can still write to the folder it came from changes
# nothing in the copy.
#
#   verify-release.sh --signers FILE [--installed FILE] FOLDER COPY
#
# --signers    who may sign, in OpenSSH's form (docs/operations.md): the host's own file, never one from the release
# --installed  the file RELEASE of what this host runs, if it runs anything: nothing older is let in
# FOLDER       the release;  COPY  a folder to make, readable by this account only
#
# Needs bash, coreutils, and ssh-keygen (Debian: openssh-client).
set -euo pipefail
export LC_ALL=C

readonly NAME=whistleblower-dropbox NAMESPACE=whistleblower-dropbox-release SIGNER=release

copy=
refuse() {
    [ -z "$copy" ] || rm -rf -- "$copy"
    echo "Not installed. $1" >&2
    exit 1
}

signers='' installed=''
while [ $# -gt 2 ]; do
    case $1 in
        --signers) signers=$2 ;;
        --installed) installed=$2 ;;
        *) refuse "Unknown option; the head of $0 says how it is called." ;;
    esac
    shift 2
done
{ [ $# -eq 2 ] && [ -n "$signers" ]; } || refuse "Arguments are missing; the head of $0 says how it is called."
command -v ssh-keygen >/dev/null || refuse "ssh-keygen is not there: apt-get install openssh-client"
[ -r "$signers" ] || refuse "The file of who may sign a release cannot be read: $signers"
[ -d "$1" ] || refuse "The release is not a folder: $1"
[ ! -e "$2" ] || refuse "The folder for the checked copy is there already; remove it: $2"

signers=$(realpath -- "$signers")
[ -z "$installed" ] || installed=$(realpath -- "$installed")
umask 077
mkdir -- "$2" || refuse "The folder for the checked copy cannot be made: $2"
copy=$2
# What is not a plain file is copied as what it is, and refused below.
cp -R --no-dereference -- "$1"/. "$copy"/ || refuse "The release cannot be read."
cd -- "$copy" && copy=$PWD
[ -z "$(find . -mindepth 1 ! -type f)" ] || refuse "The release holds something that is not a plain file."
[ -f RELEASE ] || refuse "This is no release: it has no file RELEASE."
[ -f RELEASE.sig ] || refuse "The release is not signed: do not use it, and ask its makers for the signed one."

signed_by() { ssh-keygen -Y "$@" -n "$NAMESPACE" -s RELEASE.sig <RELEASE >/dev/null 2>&1; }
if ! signed_by verify -f "$signers" -I "$SIGNER"; then
    signed_by check-novalidate \
        && refuse "The release is signed by a key that is not in $signers: do not use it, and ask its makers."
    refuse "The signature does not fit: the release was altered or damaged. Fetch it again, and ask its makers."
fi

# From here on RELEASE is what somebody signed. It is read strictly all the same.
readonly NUMBER='(0|[1-9][0-9]{0,8})'
readonly VERSION="^version ($NUMBER\.$NUMBER\.$NUMBER)\$" TIME='^time ([1-9][0-9]{0,11})$'
readonly FILE='^sha256 [0-9a-f]{64} [A-Za-z0-9_][A-Za-z0-9._-]*$'
read_release() { # sets version, time and files from a file RELEASE
    local line
    mapfile -t line <"$1"
    [ "${line[0]-}" = "$NAME" ] || return 1
    [[ ${line[1]-} =~ $VERSION ]] && version=${BASH_REMATCH[1]} || return 1
    [[ ${line[2]-} =~ ^commit\ [0-9a-f]{40,64}$ ]] || return 1
    [[ ${line[3]-} =~ $TIME ]] && time=${BASH_REMATCH[1]} || return 1
    files=("${line[@]:4}")
    for line in "${files[@]}"; do [[ $line =~ $FILE ]] || return 1; done
}
version='' time='' files=()
read_release RELEASE || refuse "The file RELEASE is not of a kind that this host knows: it may need a newer $0."

for file in "${files[@]}"; do read -r _ hash name <<<"$file"; echo "$hash  $name"; done \
    | sha256sum --check --strict --status || refuse "A file of the release is altered, damaged or missing: fetch it again."
there=$(find . -type f ! -name RELEASE ! -name RELEASE.sig -printf '.\n' | wc -l)
[ "$there" -eq "${#files[@]}" ] || refuse "The release holds a file that its makers did not sign for."

new=$version new_time=$time
if [ -n "$installed" ]; then
    read_release "$installed" || refuse "The file that says what this host runs is damaged: $installed"
    newest=$(printf '%s\n' "$version" "$new" | sort -V | tail -n 1)
    { [ "$newest" = "$new" ] && { [ "$new" != "$version" ] || [ "$new_time" -ge "$time" ]; }; } \
        || refuse "Release $new is older than what this host runs, $version: old ones may have known holes."
fi
echo "Release $new: signed, whole, and not older than what this host runs."
