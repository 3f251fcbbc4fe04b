"""The wording of questions: for each question the sentences of training and the held-out ones.

The first one of each is what plain language says. {thing}, {other}, {task}, {things} and the like are gaps.
"""

from __future__ import annotations

from sightline.language.questions import CHAT

BOX = "in [x1,y1,x2,y2] format"
POINTS = "Format the answer as a list of tuples [(x, y)]."
DEEP = "Format the answer as a list of tuples [(x, y, depth)] with the depth in metres."
ROBOT_PROMPT = "Your task is to {task}. Figure out how to execute it, then locate the key object needed."


def _chat(kind: str, form: str, gap: str) -> str:
    return CHAT[(kind, form)].format("{" + gap + "}")


TEMPLATES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "box": (
        (_chat("refer", "box", "thing"), f"Where is {{thing}}? Answer with its box {BOX}.", f"Find {{thing}} {BOX}."),
        (f"Draw a box around {{thing}}, {BOX}.", f"I am looking for {{thing}}. Which box {BOX} holds it?"),
    ),
    "all": (
        (f"Locate all {{things}}. Give every bounding box {BOX}.", f"Find every one of the {{things}}, boxes {BOX}."),
        (f"Detect the {{things}} in this picture and list their boxes {BOX}.",),
    ),
    "task box": (
        (_chat("task", "box", "task"), ROBOT_PROMPT + f" Answer with boxes {BOX}."),
        (f"To {{task}}, which two things matter? Give their boxes {BOX}, first the one that moves.",),
    ),
    "amodal": (
        (
            f"Give the box of {{thing}} as a whole, hidden parts included, {BOX}.",
            f"How far does {{thing}} extend, also where something covers it? Answer with a box {BOX}.",
        ),
        (f"If nothing covered {{thing}}, which box {BOX} would it fill?",),
    ),
    "point": (
        (_chat("refer", "point", "thing"), f"Where is {{thing}}? {POINTS}", f"Mark {{thing}} with a point. {POINTS}"),
        (f"Put your finger on {{thing}}. {POINTS}", f"Give me one spot on {{thing}}. {POINTS}"),
    ),
    "task point": (
        (_chat("task", "point", "task"), f"Where do you grasp and where do you let go to {{task}}? {POINTS}"),
        (f"You shall {{task}}. Mark the grasp, then the release. {POINTS}",),
    ),
    "trace": (
        (
            _chat("task", "trace", "task"),
            f"Which path does the gripper take to {{task}}? {POINTS}",
            f"Draw the way of the gripper for the task: {{task}}. {POINTS}",
        ),
        (f"Sketch how the fingers travel when you {{task}}. {POINTS}",),
    ),
    "trace3d": (
        (
            f"Your task is {{task}}. Predict the trajectory of the end effector in space. {DEEP}",
            f"Which path through space does the gripper take to {{task}}? {DEEP}",
        ),
        (f"Sketch in three dimensions how the fingers travel when you {{task}}. {DEEP}",),
    ),
    "grasp": (
        (f"Where should a two-finger gripper take {{thing}}? {POINTS}", f"Point to the grasp of {{thing}}. {POINTS}"),
        (f"At which spot would you pick up {{thing}}? {POINTS}",),
    ),
    "angle": (
        (
            "In which direction do the fingers close? Give the angle to the horizontal in degrees, 0 to 179, "
            "counter-clockwise.",
            "How is the gripper turned? Give the angle of the closing direction in degrees, 0 to 179, "
            "counter-clockwise from the horizontal.",
        ),
        ("Along which line do the finger tips meet? Answer in degrees, 0 to 179, counter-clockwise from horizontal.",),
    ),
    "grasp box": (
        (f"Which part of {{thing}} do the fingers touch when they pick it up? Answer with a box {BOX}.",),
        (f"Show the region where a gripper holds {{thing}} as a box {BOX}.",),
    ),
    "free": (
        (
            f"Point to up to {{number}} free spots on the table where {{thing}} could be put down. {POINTS}",
            f"Where on the table is room for {{thing}}? Give up to {{number}} points. {POINTS}",
        ),
        (f"Name up to {{number}} places that are empty and large enough for {{thing}}. {POINTS}",),
    ),
    "free beside": (
        (
            f"Point to a free spot on the table {{place}} {{other}}. {POINTS}",
            f"Where is free space {{place}} {{other}}? {POINTS}",
        ),
        (f"Something shall go {{place}} {{other}}. Mark a spot where nothing stands. {POINTS}",),
    ),
    "count": (
        ("How many {things} are there? Answer with a number.", "Count the {things}. Answer with a number."),
        ("What is the number of {things} in this picture?",),
    ),
    "point to them": ((f"Point to each of them. {POINTS}",), (f"Mark every single one. {POINTS}",)),
    "what is": (
        ("What is {place} {other}? Name everything.", "Which things are {place} {other}?"),
        ("List whatever you see {place} {other}.",),
    ),
    "is it": (
        ("Is {thing} {place} {other}? Answer yes or no.", "Yes or no: {thing} is {place} {other}."),
        ("Would you say that {thing} is {place} {other}? Answer yes or no.",),
    ),
    "where is": (
        ("Where is {thing}, seen from {other}?", "On which side of {other} is {thing}?"),
        ("How does {thing} lie in relation to {other}?",),
    ),
    "which": (
        ("Which of these is {most}? {options} Answer with the letter.", "Choose the one that is {most}. {options}"),
        ("{options} Only one of them is {most}: which letter is it?",),
    ),
    "what at": (
        ("What is at the point ({x}, {y})?", "Name the thing at ({x}, {y})."),
        ("Which object covers the pixel ({x}, {y})?",),
    ),
    "what in": (
        ("What is in the box {box}?", "Name the thing inside {box}."),
        ("Which object fills the region {box}?",),
    ),
    "plan": (
        (
            "Your task is {task}. Which steps are left? Answer with a numbered list.",
            "What remains to be done to {task}? Give the steps as a numbered list.",
        ),
        ("Break the rest of this job down into numbered steps: {task}.",),
    ),
    "step": (
        (
            "Your task is {task}. What is the robot doing now?",
            "The robot shall {task}. Which step is it at?",
        ),
        ("Name the present stage of this job: {task}.",),
    ),
    "grounded step": (
        (
            'Your task is {task}. Answer in JSON with "response" and "subtask", and give the boxes of the things.',
            ROBOT_PROMPT + ' Answer in JSON with "response" and "subtask".',
        ),
        ('What next, if you are to {task}? JSON with "response" and "subtask", things with their boxes.',),
    ),
    "done": (
        (
            "The task was: {task}. Is it done? Answer yes or no.",
            "Is the task to {task} finished? Answer yes or no.",
        ),
        ("Look at the table and say yes if nothing is left to do in order to {task}, else no.",),
    ),
}
