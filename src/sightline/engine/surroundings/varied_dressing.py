"""How a varied room looks in one picture: textures, paints, lamps and the camera's sensor."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import mujoco
import numpy as np

from sightline.engine.surroundings.lighting import MAX_LAMPS, Lamp, Light, lights
from sightline.engine.surroundings.sensor import Sensor, sample_sensor
from sightline.engine.surroundings.textures import Texture
from sightline.engine.surroundings.textures.field import Swatch, grey, hsv, muted

ONCE = ("poster", "window")  # slots whose texture is shown once, whatever its size
SCALE = (0.8, 1.25)  # by which a texture may be smaller or larger than it is
OFF = Lamp("sun", np.array([0.0, 0.0, -1.0]), np.zeros(3), np.zeros(3))
RGB_ROLE = mujoco.mjtTextureRole.mjTEXROLE_RGB.value


@dataclass(frozen=True)
class VariedDressing:
    """light: how the room is lit; finish_seed: from which all slots draw texture, scale and tint; sensor: cameras'."""

    light: Light
    finish_seed: int
    sensor: Sensor

    def apply(self, model: mujoco.MjModel, wardrobe: dict[str, tuple[Texture, ...]]) -> Sensor:
        """Change the model's materials and lights in place; return the sensor, its exposure metered on the table.

        Args:
            wardrobe: slot -> the textures that it may wear (none: plain paint).
        """
        brightness = 0.0
        for slot, choices in wardrobe.items():
            seen = self._finish(model, slot, [entry.swatch() for entry in choices])
            brightness = seen if slot == "top" else brightness
        lighting = self.light.build()
        for number in range(MAX_LAMPS):
            lamp = lighting.lamps[number] if number < len(lighting.lamps) else OFF
            _set_lamp(model, model.light(f"lamp_{number}").id, lamp)
        model.vis.headlight.ambient[:] = lighting.ambient
        return self.sensor.metered(brightness)

    def _finish(self, model: mujoco.MjModel, slot: str, wardrobe: list[Swatch]) -> float:
        """Give a slot one of its textures, or a plain paint, and return how bright it has become (0..1)."""
        rng = np.random.default_rng([self.finish_seed, zlib.crc32(slot.encode())])
        name = f"room_{slot}"
        material = model.material(name).id
        if not wardrobe:
            paint = hsv(rng.uniform(0.22, 0.38), 0.5, rng.uniform(0.25, 0.5)) if slot == "leaf" else None
            paint = paint or (grey(rng, 0.2, 0.95) if rng.random() < 0.5 else muted(rng, (0.25, 0.85), 0.45))
            model.mat_rgba[material, :3] = paint
            return float(np.mean(paint))
        pick = int(rng.integers(len(wardrobe)))
        chosen, warmth = wardrobe[pick], rng.uniform(-0.02, 0.02)
        model.mat_texid[material, RGB_ROLE] = model.texture(f"{name}_{pick}").id
        model.mat_rgba[material, :3] = rng.uniform(0.86, 1.0) * np.array([1 + warmth, 1.0, 1 - warmth])
        size = 1.0 if slot in ONCE else chosen.metres * rng.uniform(*SCALE)
        model.mat_texrepeat[material] = 1 / size
        model.mat_specular[material] = 0.3 * chosen.shine
        model.mat_shininess[material] = 0.1 + 0.5 * chosen.shine
        return float(chosen.picture.mean() / 255 * model.mat_rgba[material, :3].mean())


def sample_dressing(rng: np.random.Generator, split: str) -> VariedDressing:
    """A random dressing with a lighting of ``split``: a pure function of rng. Raises SightlineError as ``lights``."""
    options = lights(split)
    return VariedDressing(options[rng.integers(len(options))], int(rng.integers(2**31)), sample_sensor(rng))


def _set_lamp(model: mujoco.MjModel, index: int, lamp: Lamp) -> None:
    """Give a light of the model all that a lamp is."""
    kinds = mujoco.mjtLightType
    model.light_active[index], model.light_castshadow[index] = lamp is not OFF, lamp.shadow
    model.light_type[index] = (kinds.mjLIGHT_DIRECTIONAL if lamp.kind == "sun" else kinds.mjLIGHT_SPOT).value
    model.light_pos[index], model.light_dir[index] = lamp.position, lamp.direction
    model.light_attenuation[index] = lamp.attenuation()
    model.light_cutoff[index], model.light_exponent[index] = lamp.cutoff, lamp.exponent
    model.light_diffuse[index] = lamp.colour
    model.light_specular[index] = 0.6 * lamp.colour
    model.light_ambient[index] = 0.0
