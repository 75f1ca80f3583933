"""A method whose training ends in whatever odd way its option ``how`` names, in its fourth step;
written into files of tests' own, because the registry holds none that misbehaves."""

TEXT = '''
"""A VAE that ends oddly."""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from baselines.vae import VAE


class Unsayable(Exception):
    def __str__(self):
        raise ValueError("no text")


class Odd(VAE):
    """Ends oddly."""

    @dataclass(frozen=True)
    class Config(VAE.Config):
        """How it ends."""

        how: str = "well"
        """what happens in the fourth step"""

    def phase(self, step):
        if step == 3:
            getattr(self, self.config.how)()
        return super().phase(step)

    def well(self):
        pass

    def lingers(self):
        threading.Thread(target=time.sleep, args=(3600,)).start()

    def hangs(self):
        Path(os.environ["ODD_REACHED"]).touch()
        while True:
            time.sleep(3600)

    def waits(self):
        Path(os.environ["ODD_REACHED"]).write_text(str(os.getpid()))
        while not Path(os.environ["ODD_REACHED"] + ".go").exists():
            time.sleep(0.01)

    def kills_itself(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def is_told_to_stop(self):
        os.kill(os.getpid(), signal.SIGTERM)

    def kills_the_server(self):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(0.5)

    def kills_the_server_and_itself(self):
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    def leaves(self):
        sys.exit(7)

    def has_no_room(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    def moves(self):
        os.chdir("/")

    def lacks_memory(self):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    def lacks_memory_beside_others(self):
        if threading.active_count() > 2:
            raise MemoryError

    def asks_for_too_much(self):
        torch.empty(1 << 50)

    def lacks_system_memory(self):
        raise OSError(12, "Cannot allocate memory")

    def cannot_be_encoded(self):
        raise ValueError("half a pair: " + chr(0xD800))

    def cannot_be_said(self):
        raise Unsayable

    def says_too_much(self):
        raise ValueError("much " * 2_000_000)
'''
