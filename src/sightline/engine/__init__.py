"""The data engine: objects, worlds, scenes, the robot, the expert and the labels. Nothing here knows of networks.

Importing it settles which OpenGL backend MuJoCo will use, because MuJoCo reads that choice only when it is imported.
"""

from sightline.engine.gl import select_gl

select_gl()
