"""on_terminal.py COLUMNS CMD...: runs CMD with standard error on a terminal of
that width, prints what it shows, and ends with its status."""
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ,
            struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
child = subprocess.Popen(sys.argv[2:], stderr=slave)
os.close(slave)
shown = b""
while True:
    try:
        piece = os.read(master, 4096)
    except OSError:  # Linux says so at the end
        break
    if not piece:
        break
    shown += piece
sys.stderr.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.exit(child.wait())
