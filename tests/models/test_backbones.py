"""Pre-trained parts from local folders: the same numbers as in transformers, whatever the age of the files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import official
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.dinov2.configuration_dinov2 import Dinov2Config
from transformers.models.dinov2.modeling_dinov2 import Dinov2Model

from sightline.core.errors import SightlineError
from sightline.models.backbones import (
    dino_config,
    dino_names,
    load_backbones,
    read_planner_config,
    read_tensors,
)
from sightline.models.config import M1, QWEN_3B, QWEN_IDS, preset
from sightline.models.official_inputs import token_batch
from sightline.models.system import DualSystem
from sightline.models.visual_encoder import VisualEncoder
from sightline.models.vlm.qwen import QwenPlanner

# The published numbers of Qwen2.5-VL-3B-Instruct in the layout of its config.json.
PUBLISHED_3B = {
    "hidden_size": 2048, "intermediate_size": 11008, "max_position_embeddings": 128000, "num_attention_heads": 16,
    "num_hidden_layers": 36, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}, "tie_word_embeddings": True,
    "use_sliding_window": False, "vocab_size": 151936, "eos_token_id": 151645, "vision_start_token_id": 151652,
    "vision_end_token_id": 151653, "image_token_id": 151655, "video_token_id": 151656,
    "vision_config": {
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 2048,
        "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2, "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def qwen_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen")
    torch.manual_seed(0)
    official.qwen().save_pretrained(folder)
    return folder


def system_for(folder: Path) -> DualSystem:
    torch.manual_seed(1)
    small = replace(M1.visual, depth=1)
    return DualSystem(replace(M1, planner=read_planner_config(folder), visual=small)).eval()


def test_the_published_configuration_is_the_preset() -> None:
    assert QwenPlanner.config_from(PUBLISHED_3B) == QWEN_3B
    assert QWEN_3B.ids == QWEN_IDS


@pytest.mark.parametrize("layout", ["new", "old"])
def test_a_qwen_folder_gives_the_numbers_of_transformers(qwen_folder: Path, tmp_path: Path, layout: str) -> None:
    weights = load_file(qwen_folder / "model.safetensors")
    if layout == "old":
        weights = {k.replace("model.visual.", "visual.").replace("language_model.", ""): v for k, v in weights.items()}
    # Larger models come in several files.
    names = sorted(weights)
    save_file({name: weights[name] for name in names[:9]}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({name: weights[name] for name in names[9:]}, tmp_path / "model-00002-of-00002.safetensors")
    (tmp_path / "config.json").write_text((qwen_folder / "config.json").read_text())
    system = system_for(tmp_path)
    load_backbones(system, tmp_path, None)
    theirs = type(system.planner.model).from_pretrained(qwen_folder).eval()
    inputs = official.made_up_inputs(0, 2, 1)
    ids = inputs["input_ids"]
    with torch.no_grad():
        tokens = token_batch(system, ids, inputs["attention_mask"], inputs["image_grid_thw"])
        seen = system.planner.see_patches(inputs["pixel_values"], inputs["image_grid_thw"])
        ours = system.planner.read(tokens, seen)[-1]
        out = theirs(**{k: v for k, v in inputs.items() if k != "views"}, mm_token_type_ids=(ids == 2000).int(),
                     output_hidden_states=True)  # fmt: skip
    read = inputs["attention_mask"].bool()
    assert float((ours - out.hidden_states[-1])[read].abs().max()) < 2e-5


@pytest.mark.parametrize("gated", [False, True])
def test_dinov2_of_transformers_gives_the_same_features(tmp_path: Path, gated: bool) -> None:
    torch.manual_seed(0)
    theirs = Dinov2Model(Dinov2Config(hidden_size=384, num_hidden_layers=2, num_attention_heads=6, image_size=56,
                                      use_swiglu_ffn=gated, layerscale_value=0.3)).eval()  # fmt: skip
    theirs.save_pretrained(tmp_path)
    weights = dino_names(read_tensors(tmp_path))
    config = dino_config(weights)
    assert (config.depth, config.width, config.heads, config.swiglu) == (2, 384, 6, gated)
    ours = VisualEncoder(config).eval()
    ours.load_state_dict(weights)
    pictures = torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        assert torch.allclose(ours(pictures), theirs(pictures).last_hidden_state[:, 1:], atol=2e-5)


def test_hub_weights_are_taken_as_they_are(tmp_path: Path) -> None:
    encoder = VisualEncoder(M1.visual)
    torch.save(encoder.state_dict(), tmp_path / "dinov2_vits14_pretrain.pth")
    weights = dino_names(read_tensors(tmp_path / "dinov2_vits14_pretrain.pth"))
    assert dino_config(weights) == M1.visual


@pytest.mark.parametrize(
    "prefix", ["module.", "backbone.", "teacher.backbone.", "student.", "model.", "_orig_mod.module.encoder."]
)
@pytest.mark.parametrize("names", ["hub", "transformers"])
def test_names_under_a_prefix_are_those_of_the_weights(prefix: str, names: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    if names == "hub":
        plain = VisualEncoder(replace(M1.visual, depth=2)).state_dict()
    else:
        config = Dinov2Config(hidden_size=384, num_hidden_layers=2, num_attention_heads=6, image_size=56)
        Dinov2Model(config).save_pretrained(tmp_path)
        plain = read_tensors(tmp_path)
    wrapped = {prefix + name: value for name, value in plain.items()} | {"head.weight": torch.zeros(3)}
    expected, found = dino_names(plain), dino_names(wrapped)
    assert found.keys() == expected.keys() and all(found[name].equal(expected[name]) for name in found)
    assert dino_config(found).depth == 2


def test_of_teacher_and_student_the_teacher_is_taken() -> None:
    plain = VisualEncoder(replace(M1.visual, depth=1)).state_dict()
    pair = {f"student.backbone.{k}": v + 1 for k, v in plain.items()} | {
        f"teacher.backbone.{k}": v for k, v in plain.items()
    }
    assert all(value.equal(plain[name]) for name, value in dino_names(pair).items())
    with pytest.raises(SightlineError, match=r"several encoders \(left\., right\.\)"):
        dino_names({"left.cls_token": torch.zeros(1), "right.cls_token": torch.zeros(1)})


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ({"vision_model.embeddings.class_embedding": (384,)}, "cls_token is missing .*class_embedding"),
        ({}, "cls_token is missing"),
        ({"module.cls_token": (1, 1, 384)}, "'patch_embed.proj.weight' is missing"),
        ({"cls_token": (), "patch_embed.proj.weight": (), "pos_embed": ()}, "other shapes"),
        ({"dinov2.embeddings.cls_token": (1, 1, 384)}, "'embeddings.mask_token' is missing"),
        (
            {"cls_token": (1, 1, 384), "patch_embed.proj.weight": (384, 3, 14, 14), "pos_embed": (1, 0, 384)},
            "no blocks",
        ),
        (
            {"cls_token": (1, 1, 384), "patch_embed.proj.weight": (384, 3, 14, 14), "pos_embed": (1, 5, 384)}
            | {"blocks.x.norm1.weight": (384,)},
            "no blocks",
        ),
    ],
)
def test_weights_of_something_else_get_a_sentence(weights: dict[str, tuple[int, ...]], reason: str) -> None:
    with pytest.raises(SightlineError, match=f"not the weights of a DINOv2: .*{reason}.*torch.hub"):
        dino_config(dino_names({name: torch.zeros(shape) for name, shape in weights.items()}))


def test_a_pointer_of_git_lfs_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(SightlineError, match="git lfs pull"):
        read_tensors(tmp_path / "model.pth")


def test_what_is_no_backbone_is_refused(qwen_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match=r"not the config.json of a Qwen2.5-VL"):
        QwenPlanner.config_from({"hidden_size": 3})
    with pytest.raises(SightlineError, match=r"sliding window"):
        QwenPlanner.config_from({**PUBLISHED_3B, "use_sliding_window": True})
    with pytest.raises(SightlineError, match=r"cannot be read"):
        read_planner_config(tmp_path)
    with pytest.raises(SightlineError, match=r"holds no weights"):
        read_tensors(tmp_path)
    with pytest.raises(SightlineError, match=r"width 100 is unknown"):
        dino_config({"cls_token": torch.zeros(1, 1, 100), "patch_embed.proj.weight": torch.zeros(100, 3, 14, 14),
                     "pos_embed": torch.zeros(1, 17, 100)})  # fmt: skip
    values = json.loads((qwen_folder / "config.json").read_text())
    values["text_config"]["num_hidden_layers"] = 3
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(SightlineError, match=r"unexpected \['model.language_model.layers.3"):
        load_backbones(system_for(tmp_path), qwen_folder, None)


def test_pictures_become_patches_as_in_transformers() -> None:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    planner = QwenPlanner(preset("m1-mini").planner)
    picture = torch.randint(0, 256, (1, 2, 224, 224, 3), dtype=torch.uint8)
    theirs = Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=12_845_056)(list(picture[0].numpy()))
    ours = planner.pixel_values(picture)
    assert torch.allclose(ours, torch.as_tensor(theirs["pixel_values"]), atol=1e-6)
