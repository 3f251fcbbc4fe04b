#!/usr/bin/env bash
# Adapt InternVLA-M1 (preset m1, 4.1 billion parameters) to your robot on one GPU: grounding first, then actions.
#
#   QWEN=models/Qwen2.5-VL-3B-Instruct DINO=models/dinov2_vits14 PICTURES=sets.yaml ROBOT=my_robot DATA=recordings \
#       runs/single_gpu.sh
#
# As it stands it is made for 24 GB: the planner learns through adapters over weights in half precision, and activations
# are computed again. LORA=0 trains all weights (16 bytes each). Each stage can be interrupted and run again.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

QWEN=${QWEN:?folder or hub name of Qwen2.5-VL-3B-Instruct}
DINO=${DINO:?file, folder or hub name of DINOv2 ViT-S/14}
PICTURES=${PICTURES:?LLaVA-style conversations: a .jsonl or .json file, or a .yaml that names several}
DATA=${DATA:?folder of a LeRobot dataset (v2.1 or v3.0) of your robot}
ROBOT=${ROBOT:?name or YAML file of its data configuration}
CHECK=${CHECK:-}                      # held-out conversations: how well things are found, and what of it is lost
OUT=${OUT:-outputs/single_gpu}
GPUS=${GPUS:-1}                      # of this machine; several share the micro-batches
LORA=${LORA:-16}
PRETRAIN_STEPS=${PRETRAIN_STEPS:-5000}
POSTTRAIN_STEPS=${POSTTRAIN_STEPS:-20000}
SAMPLES=${SAMPLES:-8}                # a micro-batch; 16 of them make an update
MICRO_BATCHES=${MICRO_BATCHES:-16}

SECONDS=0
say() { printf '\n== %b (after %d min %02d s)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }
train() { torchrun --standalone --nproc-per-node "$GPUS" -m sightline.cli "$@"; }

COMMON=(--preset m1 ${CHECK:+--check "$CHECK"} --base-vlm "$QWEN" --dino "$DINO"
    --set "micro_batches=$MICRO_BATCHES" --set precision=bf16 --set recompute=true --set save=async
    --set save_every=1000 --set evaluate_every=500)
if [ "$LORA" -gt 0 ]; then
    COMMON+=(--set "lora.rank=$LORA" --set "lora.alpha=$((2 * LORA))" --set frozen_precision=bf16)
fi

say "1/3 Stage 1, where to act: boxes, points and traces in words"
train pretrain "${COMMON[@]}" --chat "$PICTURES" --out "$OUT/stage1" --json "$OUT/stage1.json" \
    --set "steps=$PRETRAIN_STEPS" --set "chat.samples=$SAMPLES" \
    --set optimiser.rate=1e-4 --set optimiser.warmup=200 --set optimiser.weight_decay=0 --set optimiser.minimum=0.01

# With adapters the planner bears a higher rate than the 1e-5 of all its weights.
PLANNER_RATE=$([ "$LORA" -gt 0 ] && echo 1e-4 || echo 1e-5)
say "2/3 Stage 2, how to act: your demonstrations, co-trained on grounding so that it is not forgotten"
train posttrain "${COMMON[@]}" --data "$DATA" --embodiment "$ROBOT" --chat "$PICTURES" \
    --init "$OUT/stage1" --out "$OUT/stage2" --json "$OUT/stage2.json" \
    --set "steps=$POSTTRAIN_STEPS" --set action.planner=joint --set "action.samples=$SAMPLES" --set "chat.samples=2" \
    --set "optimiser.rates={planner: $PLANNER_RATE, expert: 1e-4}" --set optimiser.rate=5e-5 \
    --set optimiser.warmup=500 --set optimiser.weight_decay=0 --set optimiser.minimum=0.01 --set ema=0.999

say "3/3 What was forgotten: forgetting/box_acc50 is the grounding score at the start of stage 2 minus the one now"
tail -n 1 "$OUT/stage2/metrics.jsonl"

say "Done: the policy is in $OUT/stage2. What it would do in your recordings:
   sightline evaluate --policy $OUT/stage2 --suite openloop --data $DATA --embodiment $ROBOT --report report.html"
