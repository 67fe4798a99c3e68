#!/usr/bin/python3
"""Lists what `openstack coe`, or another plugin whose group of entry points is given, offers: one JSON object, {command: {option or positional: [choices]}}.

Options that every command of cliff has (formatters, --help) are left out.
"""
import argparse
import json
import sys
from importlib import metadata

from osc_lib.command import command

GROUP = sys.argv[1] if len(sys.argv) > 1 else "openstack.container_infra.v1"


def arguments(klass):
    """Names of the arguments of a command, each with the words that it is limited to."""
    found = {}
    for action in klass(None, None).get_parser("coe")._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        names = action.option_strings or [action.dest]
        found[names[-1]] = [str(choice) for choice in action.choices or []]
    return found


def common(klass):
    """What the kind of command brings along."""
    for kind in (command.Lister, command.ShowOne, command.Command):
        if issubclass(klass, kind):
            return set(arguments(type("Plain", (kind,), {"__module__": __name__, "take_action": print})))
    return set()


def main():
    commands = {}
    for entry in metadata.entry_points().get(GROUP, []):
        klass = entry.load()
        own = arguments(klass)
        shared = common(klass)
        commands[entry.name.replace("_", " ")] = {name: own[name] for name in own if name not in shared}
    print(json.dumps(commands, indent=1, sort_keys=True))


if __name__ == "__main__":
    main()
