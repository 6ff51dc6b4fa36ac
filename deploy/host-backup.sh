#!/usr/bin/env bash
# What of an intake host cannot be made again: the keys of its onion addresses, who may use them, settings, certificates.
# Not the database: what is waiting there goes to the desk, and a copy would keep what was deleted.
#
#   deploy/host-backup.sh save FILE --recipients FILE [--root FOLDER]
#   deploy/host-backup.sh restore FILE --identity FILE [--root FOLDER]
#
# FILE is sealed with age to the recipients, whose identities (age-keygen) stay offline. Restore on a new host after
# deploy/install.sh and before there are keys; it never overwrites a key, and tor must not run meanwhile.
set -euo pipefail

readonly KEPT=(etc/dropbox etc/tor/dropbox.torrc var/lib/dropbox-onion var/lib/tor/dropbox)
ROOT=/ KEY=''

fail() {
    echo "host-backup.sh: $*" >&2
    exit 1
}

save() {
    local file=$1 there=() path
    [ -r "$KEY" ] || fail "--recipients needs the file with the public keys that it is sealed to (age-keygen -y)."
    for path in "${KEPT[@]}"; do
        if [ -e "$ROOT/$path" ]; then there+=("$path"); fi
    done
    [ ${#there[@]} -gt 0 ] || fail "there is nothing of the drop-box below $ROOT."
    umask 077
    # Sealed while it is read: nothing of it stands on a disk in the clear.
    if ! tar --create --directory "$ROOT" --exclude='*.new' "${there[@]}" |
        age --encrypt --recipients-file "$KEY" --output "$file.new"; then
        rm -f "$file.new"
        fail "nothing was saved: see whether the disk is full, and the recipients are age's."
    fi
    sync "$file.new"
    mv -f "$file.new" "$file"
    echo "Saved to $file: ${there[*]}"
}

restore() {
    local file=$1 made
    [ -r "$KEY" ] || fail "--identity needs the file with the secret key, from where it is kept offline."
    if compgen -G "$ROOT/var/lib/tor/dropbox/*" >/dev/null; then
        fail "this host has onion keys already, and none is overwritten: move $ROOT/var/lib/tor/dropbox away first."
    fi
    # In memory: keys must not stand on a disk twice.
    made=$(mktemp --directory --tmpdir=/dev/shm dropbox-restore.XXXXXX)
    # shellcheck disable=SC2064 # the folder of this very call
    trap "rm -rf '$made'" EXIT
    age --decrypt --identity "$KEY" --output "$made/tar" "$file" ||
        fail "this backup does not open with that identity, or is damaged; nothing was changed."
    mkdir "$made/whole"
    tar --extract --file "$made/tar" --directory "$made/whole" --no-same-owner ||
        fail "the backup is damaged; nothing was changed."
    # Each by itself: the modes of the folders above them are this host's own.
    local path
    for path in "${KEPT[@]}"; do
        [ -e "$made/whole/$path" ] || continue
        mkdir -p "$(dirname "$ROOT/$path")"
        cp -R -T --preserve=mode,timestamps "$made/whole/$path" "$ROOT/$path"
    done
    owners
    echo "Restored. Run deploy/install.sh once more, and then dropbox-onion check, as root."
}

# Accounts have other numbers on another host: each folder's content goes to the owner of the folder.
owners() {
    local folder owner
    for folder in var/lib/dropbox-onion var/lib/tor/dropbox; do
        if [ -d "$ROOT/$folder" ]; then
            owner=$(stat --format=%u:%g "$ROOT/$folder")
            chown -R "$owner" "$ROOT/$folder"
        fi
    done
}

[ $# -ge 4 ] || fail "say: save FILE --recipients FILE, or restore FILE --identity FILE."
action=$1 target=$2
shift 2
while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "$1 needs a value."
    case "$action $1" in
        "save --recipients" | "restore --identity") KEY=$2 ;;
        "save --root" | "restore --root") ROOT=$2 ;;
        *) fail "$action does not know $1." ;;
    esac
    shift 2
done
case "$action" in
    save) save "$target" ;;
    restore) restore "$target" ;;
    *) fail "say save or restore." ;;
esac
