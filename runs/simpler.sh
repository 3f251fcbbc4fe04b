#!/usr/bin/env bash
# A policy for SimplerEnv's WidowX tasks: from an empty folder to an evaluated policy, with spatial guidance and without.
#
#   make setup-simpler && SIGHTLINE_SIMPLER_DATA=DIR runs/simpler.sh
#
# Demonstrations are the scripted expert's, in layouts that are not the benchmark's (docs/simplerenv.md): about 8 seconds
# of a core each. Every stage can be interrupted and run again.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

OUT=${OUT:-outputs/simpler}
SEED=${SEED:-1}
WORKERS=${WORKERS:-2}
PRESET=${PRESET:-tiny}
INIT=${INIT-tiny}                          # whose planner stage 1 goes on from; empty = from nothing
EPISODES=${EPISODES:-120}                  # demonstrations, a quarter of each task
IN_A_ROW=${IN_A_ROW:-5}                    # demonstrations of a task before the next world is loaded
PRETRAIN_MINUTES=${PRETRAIN_MINUTES:-20}
POSTTRAIN_MINUTES=${POSTTRAIN_MINUTES:-12}
PRETRAIN_STEPS=${PRETRAIN_STEPS:-1000000}  # further limits, for the miniature
POSTTRAIN_STEPS=${POSTTRAIN_STEPS:-1000000}
TEST_EPISODES=${TEST_EPISODES:-96}         # 24 for each of the four tasks

SECONDS=0
say() { printf '\n== %s (after %d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }

say "Demonstrations: $EPISODES"
sightline generate --suite simpler_widowx --out "$OUT/data" --episodes "$EPISODES" --seed "$SEED" --workers "$WORKERS" \
    --in-a-row "$IN_A_ROW"

say "Stage 1, where to act"
OMP_NUM_THREADS=1 torchrun --standalone --nproc-per-node "$WORKERS" -m sightline.cli pretrain ${INIT:+--init "$INIT"} \
    --data "$OUT/data" --out "$OUT/stage1" --preset "$PRESET" --set "micro_batches=$WORKERS" --set threads=1 \
    --set grounding.recognise_images=64 --set grounding.reworded=0.5 \
    --set "minutes=$PRETRAIN_MINUTES" --set "steps=$PRETRAIN_STEPS"

# As for LIBERO: latent query tokens of a few thousand stored frames are learned by heart, right at the tool the one
# camera does not see well, and nothing is asked for that is not there (docs/log.md).
say "Stage 2, how to act, guided"
sightline posttrain --data "$OUT/data" --init "$OUT/stage1" --out "$OUT/guided" --preset "$PRESET" --set threads=1 \
    --set system.expert.latent=false --set system.expert.blind=0.04 --set system.grounding.doubt=0 \
    --set action.place_noise=0.003 --set "minutes=$POSTTRAIN_MINUTES" --set "steps=$POSTTRAIN_STEPS"

say "The same without guidance, from the same weights and for as long as both stages took"
sightline posttrain --data "$OUT/data" --guidance none ${INIT:+--init "$INIT"} --out "$OUT/unguided" --preset "$PRESET" \
    --set "minutes=$((PRETRAIN_MINUTES + POSTTRAIN_MINUTES))" --set "steps=$POSTTRAIN_STEPS"

for policy in guided unguided; do
    say "$policy, $TEST_EPISODES episodes in the official layouts"
    sightline evaluate --policy "$OUT/$policy" --suite simpler_widowx --episodes "$TEST_EPISODES" --workers "$WORKERS" \
        --rows "$OUT/$policy.jsonl" --json "$OUT/$policy.json"
done
sightline compare "$OUT/guided.json" "$OUT/unguided.json"
say "Done: the policy is in $OUT/guided"
