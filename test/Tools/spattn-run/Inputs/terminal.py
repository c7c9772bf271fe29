"""Runs a command with a terminal as stderr, and prints what it wrote there and
its exit status.

Usage: terminal.py PIPE COMMAND...

The command writes to a pipe that is not read before its status line is seen.
"""

import os
import pty
import subprocess
import sys

pipe, command = sys.argv[1], sys.argv[2:]
os.mkfifo(pipe)
ours, theirs = pty.openpty()
process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)


def read():
    try:
        return os.read(ours, 4096)
    except OSError:  # the other end is closed
        return b""


text = piece = read()
while piece and b"writing" not in text:
    piece = read()
    text += piece
with open(pipe, "rb") as file:
    file.read()
while piece := read():
    text += piece
# The line is printed again from time to time.
text = text.decode()
lines = text.split("\r\x1b[K")
print(repr("\r\x1b[K".join(dict.fromkeys(lines[:-1])) + "\r\x1b[K" + lines[-1]))
print(process.wait())
