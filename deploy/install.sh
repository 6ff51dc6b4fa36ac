#!/usr/bin/env bash
# Sets up one host of the drop-box on a bare Debian 12, or brings it to this release. Run it as root from the unpacked
# release; run it again whenever you like: what is as it should be is left alone.
#
#   deploy/install.sh ROLE [--root-key HEX] [--ssh-from ADDRESS]... [--wheels FOLDER] [--root FOLDER] [--dry-run]
#   deploy/install.sh ROLE --release FOLDER [--signers FILE] [as above]
#
# ROLE is intake (tor, onion services, gateway, store), desk (the bureau), ministry (the coordinator's inbox) or audit (a
# machine of somebody else's, that looks at the others from outside).
#   --root-key HEX      the root public key, 64 hexadecimal digits, as the ceremony printed it; audit needs none
#   --ssh-from ADDRESS  an address or network that SSH may come from; without one, from nowhere
#   --wheels FOLDER     take the Python packages from this folder instead of the network; their hashes are checked
#   --root FOLDER       set up the system that stands below this folder, and start nothing
#   --dry-run           say what would be done, and do nothing
#   --release FOLDER    check this release (verify-release.sh) and install what was checked, in place of this folder
#   --signers FILE      who may sign it; kept in /etc/dropbox/release-signers, which counts when none is named
set -euo pipefail
umask 022  # the accounts of the services read what root makes here; what is secret is given its mode

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROLE='' ROOT='' ROOT_KEY='' WHEELS='' DRY='' CHANGED='' FETCHED='' SIGNERS=''
SSH_FROM=() PASSED=()

main() {
    arguments "$@"
    if [ -n "$FETCHED" ]; then
        from_release
        return
    fi
    case "$ROLE" in
        intake)
            SERVICES=(intake gateway onion)
            PROGRAMS=("${SERVICES[@]}")
            ;;
        desk | ministry)
            SERVICES=("$ROLE")
            PROGRAMS=("$ROLE" onion)  # of which no service runs here: `dropbox-onion keys client` makes this machine's key
            ;;
        audit)
            SERVICES=(audit)
            PROGRAMS=(audit)
            ;;
    esac
    host_is_ours
    packages
    accounts_and_settings
    release
    system_files
    firewall
    switch_over
    closing_words
}

usage() { sed -n '2,/^set -/{/^set -/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

say() { echo "  $*"; }

heading() { echo "$*"; }

# Runs a command, or says that it would.
act() {
    if [ -n "$DRY" ]; then say "would run: $*"; else "$@"; fi
}

arguments() {
    while [ $# -gt 0 ]; do
        case "$1" in
            -h | --help) usage && exit 0 ;;
            --dry-run)
                DRY=yes
                PASSED+=("$1")
                ;;
            --release | --signers)
                [ $# -ge 2 ] || fail "$1 needs a value."
                if [ "$1" = --release ]; then FETCHED=$2; else SIGNERS=$2; fi
                shift
                ;;
            --root | --root-key | --ssh-from | --wheels)
                [ $# -ge 2 ] || fail "$1 needs a value."
                case "$1" in
                    --root) ROOT=$(realpath -m "$2") ;;
                    --root-key) ROOT_KEY=$2 ;;
                    --ssh-from) SSH_FROM+=("$2") ;;
                    --wheels) WHEELS=$(realpath "$2") ;;
                esac
                PASSED+=("$1" "$2")
                shift
                ;;
            intake | desk | ministry | audit)
                [ -z "$ROLE" ] || fail "one role for a host: that is what keeps the roles apart."
                ROLE=$1
                PASSED+=("$1")
                ;;
            *) fail "$1 is neither a role nor an option; see --help." ;;
        esac
        shift
    done
    [ -n "$ROLE" ] || fail "which host is this? Say intake, desk, ministry or audit; see --help."
    [[ -z "$ROOT_KEY" || "$ROOT_KEY" =~ ^[0-9a-f]{64}$ ]] || fail "--root-key needs 64 lower-case hexadecimal digits."
    [ "$ROOT" != / ] || ROOT=''
}

# Checks a release, and lets its own install.sh go on from the copy that was checked. What is older than what this host
# runs is refused from then on.
from_release() {
    heading "Checking the release"
    local own=$ROOT/etc/dropbox work installed=()
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # what it is now
    trap "rm -rf '$work'" EXIT
    if [ -e "$own/RELEASE" ]; then installed=(--installed "$own/RELEASE"); fi
    "$SOURCE/deploy/verify-release.sh" --signers "${SIGNERS:-$own/release-signers}" "${installed[@]}" "$FETCHED" \
        "$work/checked" || exit 1
    tar -xzf "$work"/checked/*.tar.gz -C "$work"
    bash "$work"/whistleblower_dropbox-*/deploy/install.sh "${PASSED[@]}" || exit 1
    if [ -n "$DRY" ]; then return; fi
    install -m 0644 "$work/checked/RELEASE" "$own/RELEASE"
    if [ -n "$SIGNERS" ]; then install -m 0644 "$SIGNERS" "$own/release-signers"; fi
}

# live: this very system. chroot: a Debian below --root. folder: files only, to look at them.
host_is_ours() {
    MODE=live
    if [ -n "$ROOT" ]; then
        MODE=folder
        if [ -x "$ROOT/usr/bin/dpkg" ]; then MODE=chroot; fi
    fi
    [ "$(id -u)" -eq 0 ] || [ -n "$DRY" ] || fail "run this as root."
    if [ "$MODE" != folder ]; then
        # shellcheck source=/dev/null
        (. "$ROOT/etc/os-release" && [ "$ID" = debian ] && [ "$VERSION_ID" -ge 12 ]) ||
            fail "this is for Debian 12 or later."
    fi
    local other
    for other in intake desk ministry audit; do
        if [ "$other" != "$ROLE" ] && [ -e "$ROOT/etc/sysusers.d/dropbox-$other.conf" ]; then
            fail "this host is a host of another role ($other): each role needs a machine of its own."
        fi
    done
}

inside() { if [ "$MODE" = chroot ]; then chroot "$ROOT" "$@"; else "$@"; fi; }

packages() {
    heading "Debian packages"
    if [ "$MODE" = folder ]; then
        say "left out: there is no Debian in $ROOT"
        return
    fi
    local wanted=(python3-venv tor nftables apparmor acl age) missing=() package status
    for package in "${wanted[@]}"; do
        status=$(inside dpkg --status "$package" 2>/dev/null) || status=''
        [[ "$status" = *'Status: install ok installed'* ]] || missing+=("$package")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        say "all there: ${wanted[*]}"
        return
    fi
    say "installing ${missing[*]}"
    act inside env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    act inside env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# put SOURCE TARGET [MODE]: the file stands there, whole, in one step; says whether that changed anything.
put() {
    local source=$1 target=$2 mode=${3:-0644}
    case "$source" in /*) ;; *) source=$SOURCE/$source ;; esac
    if [ -f "$ROOT$target" ] && cmp -s "$source" "$ROOT$target"; then return; fi
    CHANGED="$CHANGED $target"
    if [ -n "$DRY" ]; then
        say "would write $target"
        return
    fi
    install -D -m "$mode" "$source" "$ROOT$target.new"
    mv -f "$ROOT$target.new" "$ROOT$target"
    say "wrote $target"
}

# put_once: as put, but a file that the operator may have changed is never overwritten.
put_once() {
    if [ -e "$ROOT$2" ]; then
        say "kept $2"
    else
        put "$@"
    fi
}

accounts_and_settings() {
    heading "Accounts, folders and settings"
    put "deploy/hosts/$ROLE.sysusers" "/etc/sysusers.d/dropbox-$ROLE.conf"
    put "deploy/hosts/$ROLE.tmpfiles" "/etc/tmpfiles.d/dropbox-$ROLE.conf"
    local service filled
    filled=$(mktemp)
    for service in "${PROGRAMS[@]}"; do
        sed "s/@ROOT_KEY@/$ROOT_KEY/" "$SOURCE/deploy/settings/$service.toml" >"$filled"
        put_once "$filled" "/etc/dropbox/$service.toml" 0640
    done
    rm -f "$filled"
    if [ "$MODE" = folder ]; then
        # Where tor's package is not installed its account is not there, and entries for single accounts, which are the
        # lines with a+, cannot be made for accounts of another system.
        act systemd-sysusers --root="$ROOT" --inline 'u debian-tor - "tor" /var/lib/tor'
        act systemd-sysusers --root="$ROOT" "dropbox-$ROLE.conf"
        act systemd-tmpfiles --root="$ROOT" --create - < <(grep -v '^a+' "$SOURCE/deploy/hosts/$ROLE.tmpfiles")
    else
        act inside systemd-sysusers "dropbox-$ROLE.conf"
        act inside systemd-tmpfiles --create "dropbox-$ROLE.conf"
    fi
}

# The release: a folder of its own that holds, for each program, only the files of its list.
release() {
    heading "Release"
    local version content
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$SOURCE/pyproject.toml")
    content=$(listed | (cd "$SOURCE" && xargs -d '\n' sha256sum -- requirements.txt) | sha256sum | cut -c1-12)
    RELEASE=/opt/dropbox/releases/$version-$content
    ENVIRONMENT=/opt/dropbox/environments/$(cat "$SOURCE/requirements.txt" "$SOURCE/requirements-build.txt" | sha256sum | cut -c1-12)
    if [ -e "$ROOT$RELEASE/complete" ]; then
        say "already there: $RELEASE"
        return
    fi
    CHANGED="$CHANGED $RELEASE"
    if [ -n "$DRY" ]; then
        say "would make $RELEASE"
        return
    fi
    rm -rf "${ROOT:?}$RELEASE.new" "${ROOT:?}$RELEASE"
    local service file
    for service in "${PROGRAMS[@]}"; do
        while IFS= read -r file; do
            install -D -m 0644 "$SOURCE/$file" "$ROOT$RELEASE.new/$service/$file"
        done < <(listed_of "$service")
        install -D -m 0755 /dev/stdin "$ROOT$RELEASE.new/bin/dropbox-$service" < <(launcher "$service")
    done
    environment
    touch "$ROOT$RELEASE.new/complete"
    mv "$ROOT$RELEASE.new" "$ROOT$RELEASE"
    say "made $RELEASE"
}

listed() {
    local service
    for service in "${PROGRAMS[@]}"; do listed_of "$service"; done
}

# The files of one list in deploy/files, one a line.
listed_of() {
    (
        cd "$SOURCE"
        shopt -s globstar nullglob
        local line file
        while IFS= read -r line; do
            case "$line" in '' | '#'*) continue ;; esac
            for file in $line; do  # a glob of the list, to be expanded here
                case "$file" in */__pycache__/*) continue ;; esac
                if [ -f "$file" ]; then echo "$file"; fi
            done
        done <"deploy/files/$1.txt"
    ) | sort -u
}

launcher() {
    local package=$1
    case "$1" in
        desk) package=bureau ;;
        audit) package=auditor ;;
    esac
    cat <<LAUNCHER
#!$ENVIRONMENT/bin/python -sP
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "$1"))

from dropbox.$package.cli import main

sys.exit(main())
LAUNCHER
}

# The Python packages, as they are locked: releases that need the same ones share them.
environment() {
    if [ "$MODE" = folder ]; then
        say "left out: the Python environment, for there is no Debian in $ROOT"
        return
    fi
    if [ -e "$ROOT$ENVIRONMENT/complete" ]; then return; fi
    local from=() pip=("$ENVIRONMENT/bin/python" -m pip --disable-pip-version-check --quiet)
    rm -rf "${ROOT:?}$ENVIRONMENT"
    mkdir -p "$ROOT$ENVIRONMENT"
    cp "$SOURCE/requirements.txt" "$SOURCE/requirements-build.txt" "$ROOT$ENVIRONMENT/"
    if [ -n "$WHEELS" ]; then
        cp -r "$WHEELS" "$ROOT$ENVIRONMENT/packages"
        from=(--no-index --find-links "$ENVIRONMENT/packages")
    fi
    inside python3 -m venv "$ENVIRONMENT"
    inside "${pip[@]}" install --no-cache-dir --require-hashes "${from[@]}" -r "$ENVIRONMENT/requirements-build.txt"
    inside "${pip[@]}" install --no-cache-dir --require-hashes --no-build-isolation --use-pep517 "${from[@]}" \
        -r "$ENVIRONMENT/requirements.txt"
    # What runs never installs: without pip and setuptools there is nothing to do it with.
    inside "${pip[@]}" uninstall --yes setuptools pip
    rm -rf "${ROOT:?}$ENVIRONMENT/packages"
    touch "$ROOT$ENVIRONMENT/complete"
    say "made $ENVIRONMENT"
}

system_files() {
    heading "Services and system"
    local service
    put deploy/apparmor/abstractions/dropbox /etc/apparmor.d/abstractions/dropbox
    put deploy/systemd/dropbox-.service.d/common.conf /etc/systemd/system/dropbox-.service.d/common.conf
    for service in "${SERVICES[@]}"; do
        put "deploy/systemd/dropbox-$service.service" "/etc/systemd/system/dropbox-$service.service"
        profile "dropbox-$service"
    done
    put deploy/system/journald.conf /etc/systemd/journald.conf.d/dropbox.conf
    put deploy/system/coredump.conf /etc/systemd/coredump.conf.d/dropbox.conf
    put deploy/system/sysctl.conf /etc/sysctl.d/60-dropbox.conf
    put deploy/system/tor.conf /etc/systemd/system/tor@default.service.d/dropbox.conf
    put docs/operations.md /usr/share/doc/dropbox/operations.md
    put docs/settings.md /usr/share/doc/dropbox/settings.md
    if [ "$ROLE" = audit ]; then put docs/auditing.md /usr/share/doc/dropbox/auditing.md; fi
    if [ "$ROLE" = intake ]; then tor_may_connect; fi
    tor_is_told
    if [ "$MODE" = live ] && [ -n "$CHANGED" ]; then
        act systemctl daemon-reload
        act systemctl restart systemd-journald
        act sysctl --quiet --system
        act systemctl restart tor
    fi
}

# A profile of AppArmor. That it lets the command work where it is enforced was never tried, so it comes disabled, in
# AppArmor's own way; whoever has tried it removes the link, and it stays removed.
profile() {
    if [ ! -e "$ROOT/etc/apparmor.d/$1" ]; then
        act mkdir -p "$ROOT/etc/apparmor.d/disable"
        act ln -sf "/etc/apparmor.d/$1" "$ROOT/etc/apparmor.d/disable/$1"
    fi
    put "deploy/apparmor/$1" "/etc/apparmor.d/$1"
}

# Debian confines its tor by a profile of its own, under which it could not connect to the drop-box's sockets.
tor_may_connect() {
    put deploy/apparmor/tor /etc/apparmor.d/local/dropbox-tor
    add_line /etc/apparmor.d/local/system_tor 'include <local/dropbox-tor>'
    if [ "$MODE" = live ] && aa-enabled --quiet; then act apparmor_parser --replace /etc/apparmor.d/system_tor; fi
}

# What tor is to do stands in a file of its own, which on an intake host is the operator's from the first keys on.
tor_is_told() {
    if [ "$ROLE" = intake ]; then
        put_once deploy/system/server.torrc /etc/tor/dropbox.torrc
    else
        put deploy/system/client.torrc /etc/tor/dropbox.torrc
    fi
    add_line /etc/tor/torrc '%include /etc/tor/dropbox.torrc'
}

# The line stands in the file, however often this runs.
add_line() {
    if grep -qsxF "$2" "$ROOT$1"; then return; fi
    CHANGED="$CHANGED $1"
    if [ -n "$DRY" ]; then
        say "would add a line to $1"
        return
    fi
    mkdir -p "$(dirname "$ROOT$1")"
    echo "$2" >>"$ROOT$1"
    say "added a line to $1"
}

firewall() {
    heading "Firewall"
    local allowed=/etc/nftables.d/dropbox-ssh.nft address made
    if [ ${#SSH_FROM[@]} -gt 0 ]; then
        made=$(mktemp)
        for address in "${SSH_FROM[@]}"; do
            case "$address" in
                *:*) echo "add element inet dropbox ssh_from6 { $address }" ;;
                *) echo "add element inet dropbox ssh_from { $address }" ;;
            esac
        done >"$made"
        put "$made" "$allowed"
        rm -f "$made"
    elif [ ! -e "$ROOT$allowed" ]; then
        if [ "$MODE" = live ] && [ -n "${SSH_CONNECTION:-}" ]; then
            fail "you came by SSH and the firewall would shut you out: say --ssh-from, or install from the console."
        fi
        say "SSH is let in from nowhere: say --ssh-from to change that"
    fi
    if [ -z "$DRY" ]; then mkdir -p "$ROOT/etc/nftables.d"; fi
    put deploy/system/nftables.conf /etc/nftables.conf 0755
    if [ "$MODE" = live ]; then
        act nft --check --file /etc/nftables.conf
        act systemctl enable --now --quiet nftables
        act systemctl reload nftables
    fi
}

# From the release that runs to this one. Migrations are rehearsed while the old one still serves, and done once it has
# stopped; when either fails, the old one goes on, with its database as it was.
switch_over() {
    heading "Switching to the release"
    local old service
    old=$(readlink "$ROOT/opt/dropbox/current" || true)
    if [ "$old" = "$RELEASE" ]; then
        say "in use already"
    elif [ -n "$old" ] && [ "$MODE" != folder ]; then
        CHANGED="$CHANGED current"
        for service in $(with_database); do
            migrate "$service" --rehearse || fail "nothing was changed: $old goes on."
        done
        services stop
        for service in $(with_database); do
            if ! migrate "$service"; then
                services start
                fail "nothing was changed: $old serves again."
            fi
        done
        point_to_release
    else
        CHANGED="$CHANGED current"
        point_to_release
    fi
    for service in "${SERVICES[@]}"; do start "$service"; done
}

point_to_release() {
    act ln -sfn "$RELEASE" "$ROOT/opt/dropbox/current.new"
    act mv -fT "$ROOT/opt/dropbox/current.new" "$ROOT/opt/dropbox/current"
    say "current is $RELEASE"
}

# Those of this host's services that have a database and are in use.
with_database() {
    local one
    for one in "${SERVICES[@]}"; do
        case "$one" in
            intake | desk | ministry)
                if in_use "$one"; then echo "$one"; fi
                ;;
        esac
    done
}

migrate() {
    say "migrating $1 ${2:-}"
    act as_service "$1" "$RELEASE/bin/dropbox-$1" migrate ${2:+"$2"} --config "/etc/dropbox/$1.toml"
}

# Runs a command with the account of a service, and nothing of root's.
as_service() {
    local owner
    owner=$(stat -c %u:%g "$ROOT/var/lib/dropbox-$1")
    shift
    inside setpriv --reuid="${owner%:*}" --regid="${owner#*:}" --clear-groups --no-new-privs --inh-caps=-all "$@"
}

in_use() { systemctl ${ROOT:+--root="$ROOT"} is-enabled --quiet "dropbox-$1"; }

# Starts or stops those of this host's services that are in use.
services() {
    local one
    for one in "${SERVICES[@]}"; do
        if [ "$MODE" = live ] && in_use "$one"; then act systemctl "$1" "dropbox-$one"; fi
    done
}

# Starts a service that has what it needs; of any other, says what that is.
start() {
    local settings=/etc/dropbox/$1.toml passphrase=/etc/dropbox/$1.passphrase
    if [ "$MODE" = folder ]; then return; fi
    if [ "$1" = onion ]; then
        if [ ! -e "$ROOT/var/lib/dropbox-onion/addresses.json" ]; then
            say "dropbox-onion is not started: it has no keys yet"
            return
        fi
    elif [ "$1" = audit ]; then
        if ! grep -qs '^onion = ".*\.onion"' "$ROOT$settings" || [ ! -e "$ROOT/var/lib/dropbox-audit/key" ]; then
            say "dropbox-audit is not started: put what the leaflet says into $settings, and make its key"
            return
        fi
    elif ! grep -qs '^root_key = "[0-9a-f]\{64\}"' "$ROOT$settings"; then
        say "dropbox-$1 is not started: put the root key into $settings"
        return
    elif { [ "$1" = desk ] || [ "$1" = ministry ]; } && [ ! -e "$ROOT$passphrase" ]; then
        say "dropbox-$1 is not started: it has no $passphrase yet"
        return
    fi
    act systemctl ${ROOT:+--root="$ROOT"} enable --quiet "dropbox-$1"
    if [ "$MODE" != live ]; then
        say "dropbox-$1 starts with the system"
        return
    fi
    if [ -n "$CHANGED" ]; then act systemctl restart "dropbox-$1"; else act systemctl start "dropbox-$1"; fi
    say "dropbox-$1 is started"
}

closing_words() {
    if [ -z "$CHANGED" ]; then
        heading "Nothing had to be changed."
    elif [ -n "$DRY" ]; then
        heading "Nothing was done: this was a dry run."
    else
        heading "Done. What comes next stands in docs/operations.md; the check of each service says what is wrong yet."
    fi
}

main "$@"
