# Records which places of a program each part of its run passes. For gdb's own Python.
#
# PLACES has lines "name address", with addresses as in the program's file; a new part begins at the
# place named "begin". For each part a line of names is written to PASSED. The program gets
# ARGUMENTS, and its output goes to OUTPUT.
import os

import gdb


class Begin(gdb.Breakpoint):
    def stop(self):
        parts.append([])
        for place in spent:
            place.enabled = True
        spent.clear()
        return False


class Place(gdb.Breakpoint):
    def stop(self):
        if parts:
            parts[-1].append(self.name)
        self.enabled = False
        spent.append(self)
        return False


parts, spent = [], []
for setting in ["pagination off", "confirm off", "print inferior-events off", "print thread-events off"]:
    gdb.execute("set " + setting)
gdb.execute('starti {} > "{}"'.format(os.environ["ARGUMENTS"], os.environ["OUTPUT"]), to_string=True)
program = gdb.current_progspace().filename
mappings = gdb.execute("info proc mappings", to_string=True).splitlines()
base = next(int(line.split()[0], 16) for line in mappings if line.endswith(program))
with open(os.environ["PLACES"]) as places:
    for line in places:
        name, address = line.split()
        kind = Begin if name == "begin" else Place
        kind("*{}".format(base + int(address, 16)), internal=True).name = name
gdb.execute("continue", to_string=True)
with open(os.environ["PASSED"], "w") as passed:
    for part in parts:
        passed.write(" ".join(sorted(part)) + "\n")
