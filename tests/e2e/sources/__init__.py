"""Sources of credentials, end to end: each in a network of its own, with a
little AWS in it that can be broken, at times that are injected.

The network, its root and its servers are those of the recorded cases."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../vectors/served"))
