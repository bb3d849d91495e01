#!/usr/bin/env bash
# Makes the measurements of the built-in reference notes from a folder of scans laid out as
# usd-1/ usd-2/ cny-1/ cny-100/ layouts/ (with layouts/labels.tsv): anyone with such scans can make them again.
# usage: reference-notes/enroll.sh SCANS [REFERENCES [HALF]]   HALF: 0 or 1 enrols every other note, for testing on the rest
set -euo pipefail
scans=$1
references=${2:-reference-notes}
half=${3:-all}
guilloche=${GUILLOCHE:-target/release/guilloche}
date=2026-11-23

# The notes of a folder: all, or every other one; front and back stay together.
notes() { # folder, images a note
  find "$scans/$1" -maxdepth 1 -name '*.jpg' | LC_ALL=C sort |
    awk -v per="$2" -v half="$half" 'half == "all" || int((NR - 1) / per) % 2 == half'
}
enroll() { # design, then options and scans
  "$guilloche" enroll --design "$1" --references "$references" --date "$date" "${@:2}"
}
sheet_fed="sheet-fed scanner, 300 dpi, cropped by the scanner"
cameras="overhead cameras, 110 to 245 dpi"
mapfile -t files < <(notes usd-1 2) && enroll usd-1-1963 --scanner "$sheet_fed" "${files[@]}"
mapfile -t files < <(notes usd-2 2) && enroll usd-2-1976 --scanner "$sheet_fed" "${files[@]}"
mapfile -t files < <(notes cny-1 1) && enroll cny-1-1980 --scanner "$cameras" "${files[@]}"
mapfile -t files < <(notes cny-100 1) && enroll cny-100-1980 --scanner "$cameras" "${files[@]}"
tail -n +2 "$scans/layouts/labels.tsv" | cut -f7,8 | sort -u | while IFS=$'\t' read -r design side; do
  enroll "$design" --layout-only --side "$side" --scanner "published pictures and photographs" "$scans/layouts/$design-$side-"*
done

# Typefaces of serial numbers: what is printed on the scans is in labels.tsv, on some of the pictures in serials.tsv.
labels=$(mktemp)
trap 'rm -f "$labels"' EXIT
{
  printf 'file\tdesign\tserial\n'
  for table in "$scans/labels.tsv" "$scans/layouts/labels.tsv" "$(dirname "$0")/serials.tsv"; do
    awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
      $at["serial"] != "" && !("defects" in at && $at["defects"] ~ /specimen/) && !("side" in at && $at["side"] != "front") {
        print $at["file"] "\t" $at["design"] "\t" $at["serial"] }' "$table"
  done
} > "$labels"
mapfile -t files < <(for f in "usd-1 2" "usd-2 2" "cny-1 1" "cny-100 1"; do notes $f; done; find "$scans/layouts" -name '*front*' | LC_ALL=C sort)
"$guilloche" enroll --serials "$labels" --references "$references" "${files[@]}"
