"""InternVLA-M1's checkpoints: the official code's numbers, written back bit for bit, errors that name the fault."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import official
import pytest
import torch
from torch import Tensor

from sightline import Policy
from sightline.core.errors import SightlineError
from sightline.models.m1.official import load_official, save_official
from sightline.models.official_inputs import token_batch

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "m1_parity"
needs_recording = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded tensors of the official code are not here"
)


def apart(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("official") / "run"
    official.write_run(folder)
    return folder


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


# ---- numbers --------------------------------------------------------------------------------------------------------


@needs_recording
def test_every_recorded_tensor_of_the_official_code(tmp_path: Path) -> None:
    shapes = json.loads((RECORDED / "state_dict_shapes.json").read_text())
    weights = {key: official.made_up(key, tuple(shape), 1) for key, shape in shapes.items()}
    official.write_run(tmp_path / "run", weights=weights)
    for name in ("config.yaml", "dataset_statistics.json"):
        shutil.copy(RECORDED / name, tmp_path / "run" / name)
    policy = load_official(tmp_path / "run", base_vlm=RECORDED / "tiny_qwen_config.json")
    with np.load(RECORDED / "tensors.npz") as file:
        z = {name: torch.from_numpy(np.asarray(value)) for name, value in file.items()}
    pictures = z["images_16x16"].repeat_interleave(14, 2).repeat_interleave(14, 3).float() / 255
    views = (pictures - torch.tensor([0.485, 0.456, 0.406])) / torch.tensor([0.229, 0.224, 0.225])
    names = ("input_ids", "attention_mask", "pixel_values", "image_grid_thw")
    inputs = {name: z[name] for name in names} | {"views": views.permute(0, 1, 4, 2, 3)}
    system, expert = policy.system, policy.system.expert
    found: dict[str, float] = {}
    with torch.inference_mode():
        tokens = token_batch(system, z["input_ids"], z["attention_mask"], z["image_grid_thw"])
        seen = system.planner.see_patches(z["pixel_values"], z["image_grid_thw"])
        for i, state in enumerate(system.planner.read(tokens, seen, 5)):
            found[f"hidden state {i}"] = apart(state, z[f"vlm_hidden_{i}"])
        dense = system.encode_pixels(inputs["views"])
        found["visual features"] = apart(dense[:1, 0].flatten(1, 2), z["dino_feat_first"])
        found["projected"] = apart(system.visual_projection(dense.flatten(1, 3)), z["dino_proj"])
        found["DiT"] = apart(expert.net(z["dit_x"], z["dit_t"], z["qformer_out"]), z["dit_out"])
        noised = expert.diffusion.add_noise(z["actions"], z["q_noise"], z["dit_t"])
        found["noised"] = apart(noised, z["q_xt"])
        predicted = expert.net(noised, z["dit_t"], z["qformer_out"])
        found["predicted noise"] = apart(predicted, z["noise_pred"])
        found["loss"] = apart((predicted - z["q_noise"]).square().mean(), z["loss"])
    found["query tokens"] = apart(policy.query_tokens(inputs), z["qformer_out"])
    # The plain restatement, which the other sizes below are compared with, is the official model too.
    found["restated query tokens"] = apart(official.run(weights, inputs, 1), z["qformer_out"])
    chains = {}
    for steps, scale in ((10, 1.5), (10, 1.0), (5, 1.5)):
        name = f"ddim{steps}_cfg{scale}"
        chains[name] = apart(policy.sample(inputs, z["ddim_init_noise"], scale, steps), z[name])
    restated = official.sample(weights, z["qformer_out"], z["ddim_init_noise"], 1.5, 10)
    chains["restated"] = apart(restated, z["ddim10_cfg1.5"])
    outputs = torch.from_numpy(policy.transforms.outputs(z["ddim10_cfg1.5"][0].numpy()))
    unnormalised = apart(outputs, z["unnorm0"])
    print({name: f"{value:.1e}" for name, value in {**found, **chains, "un-normalised": unnormalised}.items()})
    assert all(value < 5e-5 for value in found.values()), found
    assert all(value < 5e-4 for value in chains.values()), chains
    assert unnormalised < 1e-4


@pytest.mark.parametrize(
    ("dit", "layers", "actions", "chunk", "views", "seed"),
    [("DiT-S", 1, 7, 16, 2, 2), ("DiT-B", 2, 8, 8, 1, 3), ("DiT-S", 5, 14, 4, 3, 4)],
)
def test_any_size(tmp_path: Path, dit: str, layers: int, actions: int, chunk: int, views: int, seed: int) -> None:
    weights = official.write_run(tmp_path / "run", dit, layers, actions, chunk, seed)
    policy = load_official(tmp_path / "run")
    inputs = official.made_up_inputs(seed, 2, views)
    expected = official.run(weights, inputs, layers)
    assert apart(policy.query_tokens(inputs), expected) < 5e-5
    noise = torch.randn(2, chunk, actions, generator=torch.Generator().manual_seed(seed))
    for scale, steps in ((1.5, 10), (1.0, 4)):
        chain = official.sample(weights, expected, noise, scale, steps)
        assert apart(policy.sample(inputs, noise, scale, steps), chain) < 5e-4


def test_layers_in_the_middle_of_the_planner(copy: Path) -> None:
    config = (copy / "config.yaml").read_text()
    before = load_official(copy)
    (copy / "config.yaml").write_text(
        config.replace("start_layer: 4", "start_layer: 2").replace("end_layer: 5", "end_layer: 3")
    )
    policy = load_official(copy)
    assert (policy.config.querying.layers, policy.config.querying.skip) == (1, 2)
    inputs = official.made_up_inputs(0, 1, 1)
    assert apart(policy.query_tokens(inputs), before.query_tokens(inputs)) > 1e-3


# ---- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["as written", "old names", "no head", "mixed types"])
def test_written_back_bit_for_bit(run_folder: Path, tmp_path: Path, variant: str) -> None:
    (source,) = run_folder.glob("checkpoints/*.pt")
    weights = torch.load(source, weights_only=True)
    if variant == "old names":
        vlm = official.VLM
        names = {name: name.replace(vlm + "model.visual", vlm + "visual") for name in weights}
        weights = {names[k].replace("model.language_model.", "model."): v for k, v in weights.items()}
    elif variant == "no head":
        weights = {k: v for k, v in weights.items() if "lm_head" not in k}
    elif variant == "mixed types":
        weights = {k: v.bfloat16() if k.startswith(official.VLM) else v for k, v in weights.items()}
    official.write_run(tmp_path / "run", weights=weights)
    policy = load_official(tmp_path / "run")
    policy.save_pretrained(tmp_path / "ours")
    for number, kept in enumerate((policy, Policy.from_pretrained(tmp_path / "ours"))):
        written = save_official(kept, tmp_path / f"back{number}")
        found = torch.load(written, weights_only=True)
        assert found.keys() == weights.keys()
        assert all(found[k].dtype == v.dtype and torch.equal(found[k], v) for k, v in weights.items())
        assert written.name == "steps_100_pytorch_model.pt"
        for name in ("config.yaml", "dataset_statistics.json"):
            assert (tmp_path / f"back{number}" / name).is_file()


def test_a_loaded_policy_does_not_need_the_official_run(copy: Path, tmp_path: Path) -> None:
    policy = load_official(copy)
    policy.save_pretrained(tmp_path / "ours")
    shutil.rmtree(copy)
    inputs = official.made_up_inputs(5, 2, 2)
    again = Policy.from_pretrained(tmp_path / "ours")
    assert torch.equal(again.query_tokens(inputs), policy.query_tokens(inputs))


def test_the_newest_checkpoint_of_a_run_is_taken(copy: Path) -> None:
    (source,) = copy.glob("checkpoints/*.pt")
    changed = torch.load(source, weights_only=True)
    changed["dino_pro.bias"] += 1
    torch.save(changed, copy / "checkpoints" / "steps_2000_pytorch_model.pt")
    assert torch.equal(load_official(copy).system.visual_projection.bias, changed["dino_pro.bias"])
    assert not torch.equal(load_official(source).system.visual_projection.bias, changed["dino_pro.bias"])


def rewritten(copy: Path, change) -> None:
    (source,) = copy.glob("checkpoints/*.pt")
    weights = torch.load(source, weights_only=True)
    change(weights)
    torch.save(weights, source)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.update({"state_encoder.weight": torch.zeros(3)}), "unexpected key 'state_encoder.weight'"),
        (lambda w: w.update({"dino_pro.scale": torch.zeros(3)}), "unexpected .*visual_projection.scale"),
        (lambda w: w.update({official.VLM + "lm_head.weight": torch.zeros(2048, 64)}), "lm_head.weight of its own"),
        (lambda w: w.pop("layer_qformer.layers.0.norm1.bias"), "missing .*layers.0.norm1.bias"),
        (lambda w: w.update({"dino_pro.bias": torch.zeros(3)}), r"visual_projection.bias \(3,\) instead of \(64,\)"),
        (lambda w: [w.pop(k) for k in list(w) if "action_model" in k], "lacks every weight of action_model"),
    ],
)
def test_what_does_not_fit_is_named(copy: Path, change, message: str) -> None:
    rewritten(copy, change)
    with pytest.raises(SightlineError, match=message):
        load_official(copy)


def test_damaged_and_missing_files(copy: Path, tmp_path: Path) -> None:
    (source,) = copy.glob("checkpoints/*.pt")
    with pytest.raises(SightlineError, match=r"no published Qwen"):
        shutil.rmtree(copy / "base_vlm")
        load_official(copy)
    with pytest.raises(SightlineError, match=r"There is no Qwen2.5-VL"):
        load_official(copy, base_vlm=tmp_path / "nowhere")
    source.write_bytes(source.read_bytes()[:5000])
    with pytest.raises(SightlineError, match="steps_100"):
        load_official(copy)
    (copy / "dataset_statistics.json").unlink()
    with pytest.raises(SightlineError, match=r"dataset_statistics.json"):
        load_official(copy)
    with pytest.raises(SightlineError, match="no official checkpoint"):
        load_official(tmp_path / "nowhere")


def test_no_code_from_a_checkpoint_is_run(copy: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "touched",))

    (source,) = copy.glob("checkpoints/*.pt")
    torch.save({"dino_pro.bias": Evil()}, source)
    with pytest.raises(SightlineError, match=r"not loaded|cannot be read"):
        load_official(copy)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("actions", "robot", "rate"), [(7, "libero_franka", 20), (8, "demo_sim_franka_delta_joints", 30)]
)
def test_the_card_says_what_the_official_files_tell(tmp_path: Path, actions: int, robot: str, rate: int) -> None:
    official.write_run(tmp_path / "run", actions=actions, chunk=8)
    card = load_official(tmp_path / "run").card
    assert (card.robot, card.control_hz, card.chunk, len(card.action_names)) == (robot, rate, 8, actions)
    assert len(card.cameras) == 2 and card.normalisation.startswith("q99")


def test_who_takes_it_for_one_of_ours_is_told(copy: Path) -> None:
    with pytest.raises(SightlineError, match=r"official InternVLA-M1 run.*load_official"):
        Policy.from_pretrained(copy)


def test_several_embodiments_must_be_told_apart(copy: Path) -> None:
    path = copy / "dataset_statistics.json"
    statistics = json.loads(path.read_text())
    path.write_text(json.dumps({"oxe_bridge": statistics["franka"], "oxe_rt1": statistics["franka"]}))
    with pytest.raises(SightlineError, match="oxe_bridge, oxe_rt1"):
        load_official(copy)
    assert load_official(copy, embodiment="oxe_rt1").card.robot == "oxe_rt1"
    with pytest.raises(SightlineError, match=r"did you mean 'oxe_rt1'"):
        load_official(copy, embodiment="oxe_rt2")


def test_without_a_tokenizer_words_are_refused(run_folder: Path) -> None:
    policy = load_official(run_folder)
    with pytest.raises(SightlineError, match=r"no tokenizer.*base_vlm"):
        policy.ground(np.zeros((64, 64, 3), np.uint8), "the red mug")


# ---- inputs ---------------------------------------------------------------------------------------------------------


def test_pictures_must_fit_the_tokens(run_folder: Path) -> None:
    policy = load_official(run_folder)
    inputs = official.made_up_inputs(0, 1, 2)
    with pytest.raises(SightlineError, match="lack views"):
        policy.query_tokens({k: v for k, v in inputs.items() if k != "views"})
    with pytest.raises(SightlineError, match="do not belong together"):
        fewer = {"pixel_values": inputs["pixel_values"][:256], "image_grid_thw": inputs["image_grid_thw"][:1]}
        policy.query_tokens(inputs | fewer)
    with pytest.raises(SightlineError, match=r"noise must be \[B, 16, 7\]"):
        policy.sample(inputs, torch.zeros(1, 8, 7))


def test_imported_policies_attend_to_padding_and_ours_do_not(run_folder: Path) -> None:
    from dataclasses import replace

    policy = load_official(run_folder)
    inputs = official.made_up_inputs(0, 2, 1)
    pad = int((1 - inputs["attention_mask"][0]).sum())
    one = {"input_ids": inputs["input_ids"][:1, pad:], "attention_mask": inputs["attention_mask"][:1, pad:],
           "pixel_values": inputs["pixel_values"][:256], "image_grid_thw": inputs["image_grid_thw"][:1],
           "views": inputs["views"][:1]}  # fmt: skip
    assert pad > 0
    together, alone = policy.query_tokens(inputs)[:1], policy.query_tokens(one)
    assert apart(together, alone) > 1e-4  # the official fault, kept for official checkpoints
    config = policy.config
    policy.system.config = replace(config, querying=replace(config.querying, attend_padding=False))
    assert apart(policy.query_tokens(inputs)[:1], policy.query_tokens(one)) < 1e-5
