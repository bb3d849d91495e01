#!/usr/bin/env bash
# Makes the measurements of the built-in reference notes, so that anyone can make them again.
# usage: reference-notes/enroll.sh scans SCANS [REFERENCES [HALF]]
#          from a folder of scans laid out as usd-1/ usd-2/ cny-1/ cny-100/ layouts/ (with layouts/labels.tsv);
#          HALF: 0 or 1 enrols every other note, for testing on the rest
#        reference-notes/enroll.sh serials SCANS [REFERENCES [HALF]]
#          of the same folder, the typefaces of serial numbers only; prints how well they are read (docs/serials.md)
#        reference-notes/enroll.sh specimens [REFERENCES]
#          XTS, from specimens drawn for it: needs nothing but the program
#        reference-notes/enroll.sh specimen-serials [REFERENCES]
#          of XTS, the typefaces of serial numbers only
set -euo pipefail
guilloche=${GUILLOCHE:-target/release/guilloche}
date=2026-11-27

enroll() { # design, then options and scans
  "$guilloche" enroll --design "$1" --references "$references" --date "$date" "${@:2}"
}

# The notes of a folder: all, or every other one; front and back stay together.
notes() { # folder, images a note
  find "$scans/$1" -maxdepth 1 -name '*.jpg' | LC_ALL=C sort |
    awk -v per="$2" -v half="$half" 'half == "all" || int((NR - 1) / per) % 2 == half'
}

from_scans() {
  sheet_fed="sheet-fed scanner, 300 dpi, cropped by the scanner"
  cameras="overhead cameras, 110 to 245 dpi"
  mapfile -t files < <(notes usd-1 2) && enroll usd-1-1963 --scanner "$sheet_fed" "${files[@]}"
  mapfile -t files < <(notes usd-2 2) && enroll usd-2-1976 --scanner "$sheet_fed" "${files[@]}"
  mapfile -t files < <(notes cny-1 1) && enroll cny-1-1980 --scanner "$cameras" "${files[@]}"
  mapfile -t files < <(notes cny-100 1) && enroll cny-100-1980 --scanner "$cameras" "${files[@]}"
  tail -n +2 "$scans/layouts/labels.tsv" | cut -f7,8 | sort -u | while IFS=$'\t' read -r design side; do
    enroll "$design" --layout-only --side "$side" --scanner "published pictures and photographs" "$scans/layouts/$design-$side-"*
  done

  serials_from_scans
}

serials_from_scans() {
  # What is printed on the scans is in labels.tsv, on some of the pictures in serials.tsv.
  labels=$(mktemp)
  {
    printf 'file\tdesign\tserial\n'
    for table in "$scans/labels.tsv" "$scans/layouts/labels.tsv" "$(dirname "$0")/serials.tsv"; do
      awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["serial"] != "" && !("defects" in at && $at["defects"] ~ /specimen/) && !("side" in at && $at["side"] != "front") {
          print $at["file"] "\t" $at["design"] "\t" $at["serial"] }' "$table"
    done
  } >"$labels"
  mapfile -t files < <(for f in "usd-1 2" "usd-2 2" "cny-1 1" "cny-100 1"; do notes $f; done; find "$scans/layouts" -name '*front*' | LC_ALL=C sort)
  "$guilloche" enroll --serials "$labels" --references "$references" "${files[@]}"
  rm -f "$labels"

  # Small print beside the serial numbers of US notes; both sides.
  mapfile -t files < <(for f in "usd-1 2" "usd-2 2"; do notes $f; done)
  "$guilloche" enroll --marks "$scans/labels.tsv" --references "$references" "${files[@]}"
}

# The typefaces of XTS, from 160 fronts a denomination, new to well used: seeds 6001 to 6160. What is printed on each is
# in the truth beside it.
serials_from_specimens() {
  drawn=$(mktemp -d)
  trap 'rm -rf "$drawn"' EXIT
  for value in 10 100; do
    draw() { # first seed, then wear
      "$guilloche" specimen "$drawn" --denomination "$value" --side front --bed black --seed "$1" --count 40 "${@:2}"
    }
    draw 6001 --wear floating-overprint=0.3
    draw 6041 --wear soil=0.3 --wear creases=0.2 --wear floating-overprint=0.5 --rotation 0.6
    draw 6081 --wear soil=0.45 --wear creases=0.4 --wear faded=0.15 --rotation -0.8
    draw 6121 --wear soil=0.3 --wear washed=0.3 --wear floating-overprint=0.8 --dpi 250
  done
  {
    printf 'file\tdesign\tserial\n'
    for truth in "$drawn"/*.json; do
      printf '%s\t%s\t%s\n' "$(basename "${truth%.json}.jpg")" \
        "$(sed -n 's/^  "design": "\(.*\)",$/\1/p' "$truth")" "$(sed -n 's/^  "serial": "\(.*\)",$/\1/p' "$truth")"
    done
  } >"$drawn/labels.tsv"
  "$guilloche" enroll --serials "$drawn/labels.tsv" --references "$references" "$drawn"
}

# Thirty genuine notes a denomination, new to well used, cut and overprinted as notes are: seeds 5001 to 5030.
from_specimens() {
  drawn=$(mktemp -d)
  trap 'rm -rf "$drawn"' EXIT
  for value in 10 100; do
    draw() { # first seed, turn, then wear
      "$guilloche" specimen "$drawn/$value" --denomination "$value" --bed black --seed "$1" --count 10 \
        --light visible,turned,ultraviolet,infrared,transmitted \
        --rotation "$2" "${@:3}"
    }
    draw 5001 0 --wear soil=0.1 --wear off-centre=0.3 --wear floating-overprint=0.3
    draw 5011 0.6 --wear soil=0.3 --wear creases=0.2 --wear off-centre=0.5 --wear floating-overprint=0.5
    draw 5021 -0.8 --wear soil=0.45 --wear creases=0.4 --wear faded=0.15 --wear off-centre=0.4
    enroll "xts-$value-2024" --scanner "the specimen press's scanner, 300 dpi, black bed" "$drawn/$value"
  done
  serials_from_specimens
}

case ${1:-} in
  scans)
    scans=$2 references=${3:-reference-notes} half=${4:-all}
    from_scans
    ;;
  serials)
    scans=$2 references=${3:-reference-notes} half=${4:-all}
    serials_from_scans
    ;;
  specimens)
    references=${2:-reference-notes}
    from_specimens
    ;;
  specimen-serials)
    references=${2:-reference-notes}
    serials_from_specimens
    ;;
  *)
    echo "usage: $0 scans|serials SCANS [REFERENCES [HALF]] | specimens|specimen-serials [REFERENCES]" >&2
    exit 2
    ;;
esac
