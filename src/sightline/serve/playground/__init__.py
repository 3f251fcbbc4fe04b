"""The playground: a page in the browser where a person sees a policy look, plan and act, and points at things.

``scene`` is the simulation, ``actors`` who acts, ``lane`` one of them in one scene, ``session`` what a person does with
one or two lanes, ``engine`` the thread in which all that happens, ``server`` pages and sockets, ``page`` what browsers
load. docs/playground.md shows it.
"""
