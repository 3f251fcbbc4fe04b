#!/usr/bin/env bash
# Train your own instruction-following robot policy on a laptop: from an empty folder to an evaluated policy.
#
#   runs/laptop.sh                      # everything into outputs/laptop
#   OUT=/data/try SEED=3 runs/laptop.sh # elsewhere, with other data
#
# Every stage is one command that you could type yourself. Each can be interrupted and run again: data generation and
# training continue where they stopped. Sizes come from the environment, so that a miniature runs in the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

OUT=${OUT:-outputs/laptop}
SEED=${SEED:-1}
WORKERS=${WORKERS:-2}
PRESET=${PRESET:-tiny}
COLLECTION=${COLLECTION:-full}             # the engine's whole variety; starter: 17 kinds of things, plain words
CROWDS=${CROWDS:-500}                      # slide shows of many things at once: the eyes learn what things look like
SCENES=${SCENES:-200}                      # slide shows of 16 labelled scenes: the planner learns where to act
EPISODES=${EPISODES:-300}                  # verified demonstrations: the action expert learns how to act
PRETRAIN_MINUTES=${PRETRAIN_MINUTES:-40}   # the learning rate follows the clock, so slower machines end in good order
POSTTRAIN_MINUTES=${POSTTRAIN_MINUTES:-4}
PRETRAIN_STEPS=${PRETRAIN_STEPS:-1000000}  # further limits, for the miniature
POSTTRAIN_STEPS=${POSTTRAIN_STEPS:-1000000}
TEST_EPISODES=${TEST_EPISODES:-100}
TEST_SEED=${TEST_SEED:-1000}       # of scenes that no training has seen
# Things that no demonstration shows, but grounding data may; those of starter are in both.
GROUNDING=grounding DEMONSTRATED=demonstrated
[ "$COLLECTION" = full ] || GROUNDING=train DEMONSTRATED=train

SECONDS=0
say() { printf '\n== %s (after %d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }
make_data() {  # name, number, and what else generate is told
    sightline generate --out "$OUT/$1" --episodes "$2" --collection "$COLLECTION" --seed "$SEED" --workers "$WORKERS" \
        --json "$OUT/$1.json" "${@:3}"
}

say "1/5 Data engine: $CROWDS crowds and $SCENES slide shows of labelled scenes"
make_data crowds "$CROWDS" --kind crowds --split "$GROUNDING"
make_data scenes "$SCENES" --kind scenes --split "$GROUNDING"

say "2/5 Data engine: $EPISODES verified episodes"
make_data episodes "$EPISODES" --split "$DEMONSTRATED"

say "3/5 Stage 1, where to act: spatial grounding pre-training"
# Products of this size do not fill two cores; two processes of one thread each do.
OMP_NUM_THREADS=1 torchrun --standalone --nproc-per-node "$WORKERS" -m sightline.cli pretrain \
    --data "$OUT/crowds" "$OUT/scenes" "$OUT/episodes" --out "$OUT/stage1" --preset "$PRESET" \
    --set "micro_batches=$WORKERS" --set threads=1 --set grounding.recognise_images=96 --set grounding.images=10 \
    --set "minutes=$PRETRAIN_MINUTES" --set "steps=$PRETRAIN_STEPS" --json "$OUT/stage1.json"

say "4/5 Stage 2, how to act: spatially guided action post-training"
sightline posttrain --data "$OUT/episodes" --init "$OUT/stage1" --out "$OUT/stage2" --preset "$PRESET" \
    --set "minutes=$POSTTRAIN_MINUTES" --set "steps=$POSTTRAIN_STEPS" --json "$OUT/stage2.json"

say "5/5 Closed loop: $TEST_EPISODES episodes in scenes it has never seen"
sightline evaluate --policy "$OUT/stage2" --suite tabletop --collection "$COLLECTION" --split seen \
    --episodes "$TEST_EPISODES" --seed "$TEST_SEED" --workers "$WORKERS" \
    --report "$OUT/report.html" --json "$OUT/result.json"

say "Done: the policy is in $OUT/stage2, the report in $OUT/report.html"
