#!/usr/bin/env bash
# What the derive costs: crates of schemas against crates of the same structs with serde's derives.
#
# `full` is the crate itself from scratch, `incremental` after one field got another default, both with
# `cargo build` and the dependencies built before; the best of five rounds over all crates, in milliseconds of
# processor time. Other work on the machine disturbs that least, and in rounds it disturbs no crate more than another.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=1
unset RUSTFLAGS

# Fields as an application has them: one of six optional, defaulted, required, flash, with a ttl.
structs() { # derive, schemas, fields
    local types=("Option<String>" "u64" "Vec<u32>" "Option<u64>" "bool" "Vec<String>")
    local marks=("" "#[session(default = DEFAULT)]" "" '#[session(ttl = "10m")]' "#[session(default)]" "#[session(flash)]")
    printf '#![allow(dead_code)]\nconst DEFAULT: u64 = 1;\n'
    for ((s = 0; s < $2; s++)); do
        if [ "$1" = schema ]; then
            printf '#[derive(session::SessionSchema)]\n#[session(prefix = "s%s.")]\n' "$s"
        elif [ "$1" = serde ]; then
            printf '#[derive(serde::Serialize, serde::Deserialize)]\n'
        fi
        printf 'pub struct S%s {\n' "$s"
        for ((f = 0; f < $3; f++)); do
            [ "$1" = schema ] && printf '    %s\n' "${marks[f % 6]}"
            printf '    pub field_%s: %s,\n' "$f" "${types[f % 6]}"
        done
        printf '}\n'
    done
}

build() { # package; prints milliseconds
    local TIMEFORMAT='%U %S'
    { time cargo build --quiet --offline --manifest-path "$work/Cargo.toml" -p "$1"; } 2>&1 |
        awk '{ printf "%d\n", ($1 + $2) * 1000 }'
}

names=()
for size in "10 50" "100 10"; do
    for derive in none serde schema; do
        read -r schemas fields <<<"$size"
        name="$derive-$schemas-$fields"
        names+=("$name")
        mkdir -p "$work/$name/src"
        structs "$derive" "$schemas" "$fields" >"$work/$name/src/lib.rs"
        cat >"$work/$name/Cargo.toml" <<TOML
[package]
name = "$name"
version = "0.0.0"
edition = "2024"

[dependencies]
serde = { version = "1", features = ["derive"] }
session = { path = "$root/session" }
TOML
    done
done
printf '[workspace]\nresolver = "3"\nmembers = [%s]\n' "$(printf '"%s",' "${names[@]}")" >"$work/Cargo.toml"
cp Cargo.lock "$work/Cargo.lock"
cargo build --quiet --offline --manifest-path "$work/Cargo.toml" --workspace

for round in 1 2 3 4 5; do
    for name in "${names[@]}"; do
        cargo clean --quiet --offline --manifest-path "$work/Cargo.toml" -p "$name"
        rm -rf "$CARGO_TARGET_DIR"/debug/incremental/"${name//-/_}"-*
        build "$name" >>"$work/$name.full"
        sed -i "s/^const DEFAULT: u64 = .*/const DEFAULT: u64 = 1$round;/" "$work/$name/src/lib.rs"
        build "$name" >>"$work/$name.incremental"
    done
done
printf '%-16s %8s %12s\n' crate full incremental
for name in "${names[@]}"; do
    best() { sort -n "$work/$name.$1" | head -n 1; }
    printf '%-16s %8s %12s\n' "$name" "$(best full)" "$(best incremental)"
done
