#!/usr/bin/env bash
# Make everything under data/ again, from nothing: about four hours on two cores. Each step goes
# on where it was interrupted. Usage: scripts/make_data.sh [PYTHON]
set -euo pipefail
python="${1:-python}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export S1_PROFILE=laptop
build="${S1_BUILD:-build}"

"$python" -m s1lib.toyworld.pool
for size in base small; do
  "$python" -m s1lib.toyworld.pretrain --size "$size"
  cp -r "$build/$size" data/
done
"$python" -m s1lib.distillation
cp "$build/traces.jsonl" data/
"$python" -m s1lib.curation
cp "$build/curated.jsonl" "$build/funnel.json" data/
for name in main_result lora table2 table3 table4 table8 figure6 figure7 nowait batches loss_weight; do
  "$python" -m s1lib.results "$name"
done
rm -rf data/sft
cp -r "$build/results_cache/sft-0" data/sft
