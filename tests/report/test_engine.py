"""Papermill comes without the grammars of addresses, and leaves them to others."""

import subprocess
import sys


def told(program: str) -> str:
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_the_grammars_are_not_compiled_and_can_still_be_imported():
    said = told(
        "import sys, gtmkit.report.engine\n"
        "print('rfc3987_syntax' in sys.modules, 'jsonschema' in sys.modules, 'papermill' in sys.modules)"
    )
    assert said == "False True True"


def test_a_process_that_has_them_keeps_them():
    said = told(
        "import sys, types\n"
        "mine = sys.modules['rfc3987_syntax'] = types.ModuleType('rfc3987_syntax')\n"
        "mine.is_valid_syntax = lambda *_: True\n"
        "import gtmkit.report.engine\n"
        "print(sys.modules['rfc3987_syntax'] is mine)"
    )
    assert said == "True"
