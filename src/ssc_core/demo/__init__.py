"""The main job: a small study with known answers, analysed like any other, in one report."""

from ssc_core.demo.run import run_demo

__all__ = ["run_demo"]
