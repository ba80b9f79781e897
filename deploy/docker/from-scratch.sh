#!/usr/bin/env bash
# Builds Tradewind's image without a registry and without a container engine: from Debian's packages, PyPI and a
# binary that is there already. Needs root, mmdebstrap and jq.
#   from-scratch.sh [--binary FILE] [--tag REF] [--requirements FILE|-] [--output TAR] [--cache DIR] [--load]
#   from-scratch.sh --service postgres|redis [--tag REF] [--output TAR] [--load]
#     --binary        default: target/release/tradewind, else target/debug/tradewind (debug symbols are stripped)
#     --requirements  Python packages of the image; default: requirements.txt beside this script; - for none
#     --output        a `docker save` archive, for `docker load`, `ctr images import`, `kind load`; default: in --cache
#     --load          also `docker load` it
#     --service       an image of Debian's PostgreSQL or Redis instead, with the variables of the usual images
# The layer with Debian and Python is kept in --cache (default /var/cache/tradewind-image) and made anew when its
# ingredients change; the layer with the binary takes seconds.
set -Eeuo pipefail
trap 'echo "from-scratch: line $LINENO: failed: $BASH_COMMAND" >&2' ERR
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

binary='' tag='' requirements=$here/requirements.txt output='' cache=/var/cache/tradewind-image load='' service=''
while [ $# -gt 0 ]; do
    case $1 in
        --binary) binary=$2; shift 2 ;;
        --tag) tag=$2; shift 2 ;;
        --requirements) requirements=$2; shift 2 ;;
        --output) output=$2; shift 2 ;;
        --cache) cache=$2; shift 2 ;;
        --service) service=$2; shift 2 ;;
        --load) load=1; shift ;;
        *) sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
say() { printf '%s from-scratch: %s\n' "$(date +%T)" "$*" >&2; }
die() { say "ERROR: $*"; exit 1; }
[ "$(id -u)" = 0 ] || die "must run as root (it makes a root folder with mmdebstrap)"
for tool in mmdebstrap jq tar sha256sum; do command -v $tool >/dev/null || die "needs $tool (apt-get install $tool)"; done

suite=${DEBIAN_SUITE:-bookworm}
common=bash,ca-certificates,coreutils,passwd,libc-bin
case $service in
    '') packages=$common,apt,python3,python3-venv,git,openssh-client,dumb-init,tzdata,procps,netbase,curl,gzip,libpq5 ;;
    postgres) packages=$common,postgresql-15,dumb-init ;;
    redis) packages=$common,redis-server,dumb-init ;;
    *) die "--service is postgres or redis" ;;
esac
tag=${tag:-tradewind${service:+-$service}:scratch}
mkdir -p "$cache"
exec 9>"$cache/.lock"; flock 9
work=$(mktemp -d "$cache/work.XXXXXX")
cleanup() { umount "$work/merged/dev" "$work/merged/proc" "$work/merged" "$work/root/dev" "$work/root/proc" 2>/dev/null || true; rm -rf "$work"; }
trap cleanup EXIT

# What is run inside needs names and certificates to reach the package index, and pip's own settings.
inside() { # inside ROOT COMMAND…
    local root=$1; shift
    mount -t proc proc "$root/proc"; mount --bind /dev "$root/dev"
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf.build"
    [ ! -e "$root/etc/resolv.conf" ] || mv "$root/etc/resolv.conf" "$work/resolv.conf"
    mv "$root/etc/resolv.conf.build" "$root/etc/resolv.conf"
    cp "$root/etc/hosts" "$work/hosts" 2>/dev/null || : >"$work/hosts"
    cp /etc/hosts "$root/etc/hosts"
    mkdir -p "$root/run/build"; cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$root/run/build/ca.crt"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/run/build/pip.conf"
    [ ! -e "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" ] || cp "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$root/run/build/pip.conf"
    [ -z "${PIP_CONFIG_FILE:-}" ] || cp "$PIP_CONFIG_FILE" "$root/run/build/pip.conf"
    local status=0
    local proxies=() name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_DEFAULT_TIMEOUT; do
        [ -z "${!name:-}" ] || proxies+=("$name=${!name}")
    done
    chroot "$root" /usr/bin/env -i HOME=/root "${proxies[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        PIP_CONFIG_FILE=/run/build/pip.conf PIP_CERT=/run/build/ca.crt AIRFLOW_HOME=/opt/airflow "$@" || status=$?
    rm -rf "$root/run/build" "$root/etc/resolv.conf"
    mv "$work/hosts" "$root/etc/hosts"
    [ ! -e "$work/resolv.conf" ] || mv "$work/resolv.conf" "$root/etc/resolv.conf"
    umount "$root/dev" "$root/proc"
    return $status
}
pack() { tar --sort=name --numeric-owner --xattrs --one-file-system -C "$1" -cf "$2" .; }

# --- the layer that seldom changes
ingredients=$(cat "$here/prepare.sh" "$here/services.sh" "$([ "$requirements" = - ] && echo /dev/null || echo "$requirements")" <(echo "$suite $packages $requirements"))
base=$cache/base-${service:-tradewind}-$(sha256sum <<<"$ingredients" | cut -c1-16).tar
if [ -z "$service" ]; then
    if [ -z "$binary" ]; then
        for binary in "${CARGO_TARGET_DIR:-$top/target}"/{release,debug}/tradewind; do [ ! -x "$binary" ] || break; done
    fi
    [ -x "$binary" ] || die "there is no $binary: build it with \`make build\`, or name one with --binary"
    install -m 755 "$binary" "$work/tradewind"
    strip "$work/tradewind" 2>/dev/null || true
fi
if [ ! -s "$base" ]; then
    debian=$cache/debian-$(sha256sum <<<"$suite $packages" | cut -c1-16).tar
    if [ ! -s "$debian" ]; then
        say "Debian $suite with $packages"
        mmdebstrap --quiet --variant=essential --include="$packages" \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
            --aptopt='Acquire::Languages "none"' "$suite" "$debian.new.tar"
        mv "$debian.new.tar" "$debian"
    fi
    mkdir -p "$work/root"
    tar --numeric-owner -C "$work/root" -xf "$debian"
    rm -rf "$work/root"/var/cache/apt/* "$work/root"/var/lib/apt/lists/* "$work/root"/var/log/* "$work/root"/dev/* \
        "$work/root"/etc/resolv.conf "$work/root"/etc/hostname
    if [ -z "$service" ]; then
        say "the Python environment"
        install -m 755 "$work/tradewind" "$work/root/usr/local/bin/tradewind"
        install -m 755 "$here/prepare.sh" "$work/root/usr/local/bin/prepare-image"
        list=-
        if [ "$requirements" != - ]; then install -m 644 "$requirements" "$work/root/tmp/requirements.txt"; list=/tmp/requirements.txt; fi
        inside "$work/root" prepare-image $list
        rm -f "$work/root/tmp/requirements.txt"
    else
        install -m 755 "$here/services.sh" "$work/root/entrypoint"
        inside "$work/root" /entrypoint prepare "$service"
    fi
    pack "$work/root" "$base.new"
    mv "$base.new" "$base"
    find "$cache" -name "base-${service:-tradewind}-*.tar" ! -name "$(basename "$base")" -delete
fi
layers=("$base")

# --- the layer with the binary
if [ -z "$service" ]; then
    say "the binary $binary"
    mkdir -p "$work"/{lower,upper,overlay,merged}
    tar --numeric-owner -C "$work/lower" -xf "$base"
    mount -t overlay overlay -o "lowerdir=$work/lower,upperdir=$work/upper,workdir=$work/overlay" "$work/merged"
    install -m 755 "$work/tradewind" "$work/merged/usr/local/bin/tradewind"
    install -m 755 "$here/entrypoint.sh" "$work/merged/entrypoint"
    install -m 755 "$here/prepare.sh" "$work/merged/usr/local/bin/prepare-image"
    inside "$work/merged" prepare-image -
    umount "$work/merged"
    # What was removed is a 0:0 device in an overlay and a .wh. file in an image's layer.
    find "$work/upper" -type c | while read -r gone; do
        rm "$gone"; : >"$(dirname "$gone")/.wh.$(basename "$gone")"
    done
    pack "$work/upper" "$work/binary.tar"
    layers+=("$work/binary.tar")
fi

# --- the archive
case $service in
    '') config=$(jq -n '{User:"50000:0", WorkingDir:"/opt/airflow", Entrypoint:["/usr/bin/dumb-init","--","/entrypoint"], Cmd:[],
        ExposedPorts:{"8080/tcp":{},"8793/tcp":{},"5555/tcp":{}}, StopSignal:"SIGTERM",
        Env:["PATH=/home/airflow/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LANG=C.UTF-8",
             "HOME=/home/airflow","AIRFLOW_HOME=/opt/airflow","AIRFLOW_UID=50000","VIRTUAL_ENV=/home/airflow/.local",
             "PYTHONUNBUFFERED=1","DUMB_INIT_SETSID=1"]}') ;;
    *) config=$(jq -n --arg s "$service" '{Entrypoint:["/usr/bin/dumb-init","--","/entrypoint",$s], Cmd:[],
        Env:["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LANG=C.UTF-8"]}') ;;
esac
mkdir -p "$work/image"
diffs=() names=()
for layer in "${layers[@]}"; do
    name=layer$((${#names[@]} + 1)).tar
    ln -f "$layer" "$work/image/$name" 2>/dev/null || cp "$layer" "$work/image/$name"
    diffs+=("sha256:$(sha256sum "$layer" | cut -d' ' -f1)"); names+=("$name")
done
created=$(date -u +%Y-%m-%dT%H:%M:%SZ)
jq -n --argjson config "$config" --arg created "$created" --arg arch "$(dpkg --print-architecture)" \
    '{architecture:$arch, os:"linux", created:$created, config:$config,
      rootfs:{type:"layers", diff_ids:$ARGS.positional},
      history:[$ARGS.positional[] | {created:$created, created_by:"deploy/docker/from-scratch.sh"}]}' \
    --args -- "${diffs[@]}" >"$work/image/config.json"
jq -n --arg tag "$tag" '[{Config:"config.json", RepoTags:[$tag], Layers:$ARGS.positional}]' --args -- "${names[@]}" >"$work/image/manifest.json"
output=${output:-$cache/$(tr '/:' '--' <<<"$tag").tar}
tar -C "$work/image" -cf "$output.new" manifest.json config.json "${names[@]}"
mv "$output.new" "$output"
say "$tag is in $output ($(($(stat -c %s "$output") / 1048576)) MB)"
if [ -n "$load" ]; then docker load --quiet --input "$output" >&2; fi
echo "$output"
