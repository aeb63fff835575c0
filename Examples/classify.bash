# What the examples of `classify` share; read by their run scripts.
#
#   find_data NAME "$@"   the folder of the data: the script's first argument, or NAME below UNROLL_DATA
#   plain FILE            the contents of a file of that folder, which may be compressed with gzip
#   prepare               builds the command (unroll) and makes a folder to work in (work)
set -euo pipefail

find_data() {
  local name=$1 given=${2:-}
  data=${given:-${UNROLL_DATA:+$UNROLL_DATA/$name}}
  if [ -z "$data" ] || [ ! -d "$data" ]; then
    echo "skipped: no folder \"$data\" with the data; say FOLDER, or set UNROLL_DATA to the folder above $name" >&2
    exit 0
  fi
}

plain() { if [ -f "$data/$1" ]; then cat "$data/$1"; else gzip -dc "$data/$1.gz"; fi; }

prepare() {
  local package
  package=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  if [ -z "${UNROLL:-}" ]; then
    swift build -c release --package-path "$package" --product unroll >&2
    UNROLL=$(swift build -c release --package-path "$package" --show-bin-path)/unroll
  fi
  unroll=$UNROLL
}

# Lines of a label, a blank and a text, as a table.
table() { awk 'BEGIN { print "label\ttext" } { label = $1; sub(/^[^ ]+ /, ""); print label "\t" $0 }'; }

# Cuts lines into four fifths and one fifth by a generator of Park and Miller: the same cut on every machine.
split_fifth() {
  awk -v train="$1" -v test="$2" '
    BEGIN { x = 1; for (i = 0; i < 10; i++) x = (x * 16807) % 2147483647 }
    { x = (x * 16807) % 2147483647; print > (x / 2147483647 < 0.2 ? test : train) }'
}
