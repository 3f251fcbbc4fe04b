#!/usr/bin/env bash
# A policy for LIBERO: from an empty folder to an evaluated policy, with spatial guidance and without.
#
#   make setup-libero && runs/libero.sh
#   SUITES=libero_object EPISODES=200 runs/libero.sh     # one suite
#
# Demonstrations are the scripted expert's, in layouts that are not the benchmark's (docs/libero.md). Most of the time
# goes into their pictures: 10 to 20 seconds of a core for each, more with PICTURES_EVERY=1. Every stage can be
# interrupted and run again.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

OUT=${OUT:-outputs/libero}
SEED=${SEED:-1}
WORKERS=${WORKERS:-2}
PRESET=${PRESET:-tiny}
INIT=${INIT-tiny}                          # whose planner stage 1 goes on from; empty = from nothing
SUITES=${SUITES:-libero_object libero_spatial libero_goal libero_10}
EPISODES=${EPISODES:-100}                  # demonstrations of each suite
VARIED=${VARIED:-50}                       # more of each suite but libero_10, with other places and other goals
PICTURES_EVERY=${PICTURES_EVERY:-8}        # steps from one picture to the next; training reads what was drawn
IN_A_ROW=${IN_A_ROW:-5}                    # demonstrations of a task before the next world is loaded
PRETRAIN_MINUTES=${PRETRAIN_MINUTES:-60}
POSTTRAIN_MINUTES=${POSTTRAIN_MINUTES:-20}
PRETRAIN_STEPS=${PRETRAIN_STEPS:-1000000}  # further limits, for the miniature
POSTTRAIN_STEPS=${POSTTRAIN_STEPS:-1000000}
TEST_EPISODES=${TEST_EPISODES:-500}        # of each suite: 50 for each of its ten tasks

SECONDS=0
say() { printf '\n== %s (after %d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }

DATA=()
for suite in $SUITES; do
    say "Demonstrations: $EPISODES of $suite"
    sightline generate --suite "$suite" --out "$OUT/$suite" --episodes "$EPISODES" --seed "$SEED" --workers "$WORKERS" \
        --in-a-row "$IN_A_ROW" --pictures-every "$PICTURES_EVERY"
    DATA+=("$OUT/$suite")
    if [ "$suite" != libero_10 ] && [ "$VARIED" -gt 0 ]; then
        say "The same with other places and other goals: $VARIED"
        sightline generate --suite "$suite" --out "$OUT/$suite.varied" --episodes "$VARIED" --seed "$SEED" \
            --workers "$WORKERS" --in-a-row 2 --pictures-every "$PICTURES_EVERY" --varied True
        DATA+=("$OUT/$suite.varied")
    fi
done

say "Stage 1, where to act"
OMP_NUM_THREADS=1 torchrun --standalone --nproc-per-node "$WORKERS" -m sightline.cli pretrain ${INIT:+--init "$INIT"} \
    --data "${DATA[@]}" --out "$OUT/stage1" --preset "$PRESET" --set "micro_batches=$WORKERS" --set threads=1 \
    --set grounding.recognise_images=96 --set grounding.images=10 --set grounding.reworded=0.5 \
    --set "minutes=$PRETRAIN_MINUTES" --set "steps=$PRETRAIN_STEPS"

# Latent query tokens of a few thousand stored frames are learned by heart here and do harm, and a camera on the hand
# cannot tell what it is about to take from what it has lifted; rims of bowls are 4 mm thick, and right at the tool no
# camera sees well. Long tasks go on when something has been put down, and LIBERO asks for nothing that is not there
# (docs/log.md).
say "Stage 2, how to act, guided"
sightline posttrain --data "${DATA[@]}" --init "$OUT/stage1" --out "$OUT/guided" --preset "$PRESET" \
    --set system.expert.latent=false --set system.expert.hand_heights=false --set system.expert.empty=0.003 \
    --set system.expert.blind=0.04 --set system.expert.fists=true --set system.expert.no_axis=0.1 \
    --set system.expert.delivered=0.1 \
    --set system.grounding.doubt=0 --set action.place_noise=0.003 \
    --set "minutes=$POSTTRAIN_MINUTES" --set "steps=$POSTTRAIN_STEPS"

say "The same without guidance, from the same weights and for as long as both stages took"
sightline posttrain --data "${DATA[@]}" --guidance none ${INIT:+--init "$INIT"} --out "$OUT/unguided" --preset "$PRESET" \
    --set "minutes=$((PRETRAIN_MINUTES + POSTTRAIN_MINUTES))" --set "steps=$POSTTRAIN_STEPS"

for suite in $SUITES; do
    for policy in guided unguided; do
        say "$suite: $policy, $TEST_EPISODES episodes from the official initial states"
        sightline evaluate --policy "$OUT/$policy" --suite "$suite" --episodes "$TEST_EPISODES" --workers "$WORKERS" \
            --rows "$OUT/$suite.$policy.jsonl" --json "$OUT/$suite.$policy.json"
    done
    sightline compare "$OUT/$suite.guided.json" "$OUT/$suite.unguided.json"
done

say "Done: the policy is in $OUT/guided"
