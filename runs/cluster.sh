#!/usr/bin/env bash
# Train InternVLA-M1 (preset m1, 4.1 billion parameters) on N nodes of 8 GPUs: grounding first, then actions.
#
#   srun --nodes 2 --ntasks-per-node 1 runs/cluster.sh          # under Slurm, which tells each node who is who
#   NODES=2 HEAD=node0 runs/cluster.sh                          # or so on every node, by hand
#
# QWEN, DINO, PICTURES, DATA (see below) and OUT lie in folders that all nodes see. The sizes are the paper's: 256 robot
# samples and 64 of grounding an update. The number of GPUs may change between interruptions as long as it divides the
# number of micro-batches: an update is the same however many share it.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

QWEN=${QWEN:?folder or hub name of Qwen2.5-VL-3B-Instruct}
DINO=${DINO:?file, folder or hub name of DINOv2 ViT-S/14}
PICTURES=${PICTURES:?LLaVA-style conversations: a .jsonl or .json file, or a .yaml that names several}
DATA=${DATA:?folder that the LeRobot datasets lie in}
MIXTURE=${MIXTURE:-bridge_rt_1}        # a name, or a .yaml file: folder, embodiment and weight of each dataset
CHECK=${CHECK:-}                      # held-out conversations: how well things are found, and what of it is lost
OUT=${OUT:-outputs/cluster}
NODES=${NODES:-${SLURM_NNODES:-1}}
GPUS=${GPUS:-8}
HEAD=${HEAD:-${SLURM_LAUNCH_NODE_IPADDR:-localhost}}
PORT=${PORT:-29500}
PRETRAIN_STEPS=${PRETRAIN_STEPS:-20000}
POSTTRAIN_STEPS=${POSTTRAIN_STEPS:-50000}
MICRO_BATCHES=${MICRO_BATCHES:-16}   # of 16 robot and 4 grounding samples each: one for each of 16 GPUs
DISTRIBUTION=${DISTRIBUTION:-fsdp}   # ddp where each GPU holds everything (16 bytes a weight)

say() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }
train() {
    torchrun --nnodes "$NODES" --nproc-per-node "$GPUS" --rdzv-backend c10d --rdzv-endpoint "$HEAD:$PORT" \
        --rdzv-id "${SLURM_JOB_ID:-sightline}" -m sightline.cli "$@"
}

COMMON=(--preset m1 ${CHECK:+--check "$CHECK"} --base-vlm "$QWEN" --dino "$DINO"
    --set "micro_batches=$MICRO_BATCHES" --set "distribution=$DISTRIBUTION" --set precision=bf16 --set recompute=true
    --set save=async --set save_every=2500 --set evaluate_every=2500
    --set optimiser.warmup=5000 --set optimiser.weight_decay=1e-8 --set optimiser.minimum=0.01)

say "1/2 Stage 1, where to act: boxes, points and traces in words"
train pretrain "${COMMON[@]}" --chat "$PICTURES" --out "$OUT/stage1" --json "$OUT/stage1.json" \
    --set "steps=$PRETRAIN_STEPS" --set chat.samples=16 --set optimiser.rate=1e-5

say "2/2 Stage 2, how to act: demonstrations of many robots, co-trained on grounding so that it is not forgotten"
train posttrain "${COMMON[@]}" --data "$DATA" --mixture "$MIXTURE" --chat "$PICTURES" \
    --init "$OUT/stage1" --out "$OUT/stage2" --json "$OUT/stage2.json" \
    --set "steps=$POSTTRAIN_STEPS" --set action.planner=joint --set action.samples=16 --set chat.samples=4 \
    --set "optimiser.rates={planner: 1e-5, expert: 1e-4}" --set optimiser.rate=4e-5

say "Done: the policy is in $OUT/stage2; forgetting/box_acc50 in its metrics.jsonl is what grounding lost"
