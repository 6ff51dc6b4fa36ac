"""Run the scenarios of protocol.pv and the stand-alone models with ProVerif.

    python3 scenarios.py              everything, prints the result tables
    python3 scenarios.py base receipt only what is named
    python3 scenarios.py --write DIR  only writes the scenario files

Needs `proverif` on PATH; README.md says what was run with which version. Exit status 1
when an answer differs from the one expected here, so that a change of the model
cannot pass unseen.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT_S = 600
SECRECY, AUTHENTIC = "S1 S2 S3 S4", "A1 A2 A3 A4 A5 A6"
REACH = "R1 R2 R3 R4 R5"

DAY_LEAK = "| (phase 1; out(c, (xa, ma, xb, mb)))"
X25519 = ("| (phase 1; !(in(c, p: pkx); out(c, logX(p))))"
          " | (phase 1; !(in(c, e: bitstring); out(c, logE(e))))")
ED25519 = "| (phase 1; out(c, (rootsk, signsk)))"
MLKEM = "| (phase 1; !(in(c, p: pkm); out(c, breakM(p))))"
RECEIPT = "| (phase 1; out(c, receipt))"
SIGNING = "| (phase 1; out(c, signsk))"
# What the desk's vault still holds once both replies are sealed: the current
# chain key and the thread's other keys, the sealed inner records, the signing key.
VAULT = "| (phase 1; out(c, (ck2, ka, kt, pk, t, inner0, inner1, signsk)))"

# name: (hooks, expected to fail)
SCENARIOS = {
    "base": ({}, ""),
    "x25519_broken_later": ({"main": X25519}, ""),
    "quantum_later": ({"main": X25519 + ED25519}, ""),
    "mlkem_broken_later": ({"main": MLKEM}, ""),
    "both_kems_broken_later": ({"main": X25519 + MLKEM}, "S1 S2 S3 L2"),
    "prekeys_leak_later": ({"day": DAY_LEAK}, "S1 S2 L2"),
    "prekeys_leak_and_x25519_later": ({"day": DAY_LEAK, "main": X25519}, "S1 S2 S3 L2"),
    "vault_leaks_later": ({"thread": VAULT}, "L1 L2"),
    "vault_leaks_and_quantum_later": ({"thread": VAULT, "main": X25519 + ED25519}, "L1 L2"),
    "vault_leaks_and_mlkem_later": ({"thread": VAULT, "main": MLKEM}, "L1 L2"),
    # What the rule "the vault keeps the current chain key only" is for.
    "vault_kept_ck0_and_quantum_later": (
        {"thread": VAULT.replace("ck2", "ck"), "main": X25519 + ED25519}, "S3 L1 L2"),
    "receipt_leaks_later": ({"main": RECEIPT}, "S3 S4 L2"),
    "receipt_leaks_and_quantum_later": ({"main": RECEIPT + X25519 + ED25519}, "S3 S4 L1 L2"),
    "signing_key_leaks_later": ({"main": SIGNING}, ""),
    "signing_key_leaks_now": ({"main": "| out(c, signsk)"}, "S1 S2 S3 L1"),
    "root_leaks_now": ({"main": "| out(c, rootsk)"}, "S1 S2 S3 L1"),
}

# file: answers expected of its queries, in order. true, false, or equivalence
# answers: "true" is proved, "false" a trace that tells the two sides apart,
# "cannot be proved" neither.
MODELS = {
    "commitment.pv": ["true", "false", "false"],
    "commitment_bare.pv": ["false", "false", "false"],
    "continue_same_keys.pv": ["true", "true", "false"],
    "continue_tid_only.pv": ["false", "false", "false"],
    "unlinkable_envelopes.pv": ["true"],
    "unlinkable_acknowledged.pv": ["true"],
    "unlinkable_issuances.pv": ["true"],
    "unlinkable_reply.pv": ["true"],
    "unlinkable_cover.pv": ["true"],
    "unlinkable_leftout.pv": ["true"],
    "issued_twice_one_salt.pv": ["false"],
    "issued_twice_fresh_salts.pv": ["true"],
    "unlinkable_tag_key_leaked.pv": ["false"],
    "hidden_texts.pv": ["true"],
    "receipt_against_envelopes.pv": ["true"],
    "receipt_against_boards.pv": ["false"],
    "receipt_guess.pv": ["false"],
}


def keep(text, blocks):
    """Text with exactly the named BEGIN/END blocks."""
    def pick(found):
        return found["body"] if found["name"] in blocks else ""
    return re.sub(r"\(\*BEGIN (?P<name>\w+)(?:\*\))?\n(?P<body>.*?)(?:\(\*)?END (?P=name)\*\)\n?",
                  pick, text, flags=re.DOTALL)


def variant(scenario, blocks):
    """One runnable file: the shared processes, a scenario's hooks, some queries."""
    text = keep((HERE / "protocol.pv").read_text(), blocks)
    hooks = SCENARIOS[scenario][0]
    return re.sub(r"\(\*HOOK (\w+)\*\)", lambda m: hooks.get(m[1], ""), text)


def reach(text):
    """The left side of an equivalence, asking whether its desk ever gets to answer."""
    text = re.sub(r"choice\[([\w()]+), [^\]]+\]", r"\1", text)
    return "event Answered. query event(Answered).\n" + text.replace("(*REACH*)", "event Answered;")


def jobs():
    """(name, part, file text, labels, expected answers)"""
    for name, (_, fails) in SCENARIOS.items():
        parts = [("secrecy", {"secrecy", "early"}, SECRECY),
                 ("lateread", {"lateread", "alone"}, "L1 R6")]
        # In these scenarios it is expected to fail, and does not end within minutes.
        if not name.endswith("_now") and "kept" not in name:
            parts.append(("latewrite", {"latewrite", "alone"}, "L2 R7"))
        # About phase 0, in which a leak of phase 1 changes nothing.
        if name == "base":
            parts += [("authentic", {"authentic", "early"}, AUTHENTIC),
                      ("reach", {"reach", "early"}, REACH)]
        for part, blocks, labels in parts:
            labels = labels.split()
            want = ["false" if x in fails.split() or x[0] == "R" else "true" for x in labels]
            yield name, part, variant(name, blocks), labels, want
    for file, want in MODELS.items():
        text = (HERE / file).read_text()
        if "(*REACH*)" in text:
            yield file.removesuffix(".pv"), "reach", reach(text), ["R"], ["false"]
        yield file.removesuffix(".pv"), "", text, None, want


def run(job):
    """ProVerif's answers to one file, and the seconds it took."""
    _, _, text, _, want = job
    with tempfile.NamedTemporaryFile("w", suffix=".pv") as file:
        file.write(text)
        file.flush()
        begin = time.monotonic()
        try:
            out = subprocess.run(["proverif", file.name], capture_output=True, text=True,
                                 timeout=LIMIT_S, check=False).stdout
        except subprocess.TimeoutExpired as stopped:
            out = (stopped.stdout or b"").decode()
        seconds = time.monotonic() - begin
    got = [("false" if m[1] and m[2] == "cannot be proved" else m[2]) for m in re.finditer(
        r"(A trace has been found\.\n)?^RESULT .*? (true|false|cannot be proved)\.?$", out, re.MULTILINE)]
    if "Error" in out:
        got = ["error"]
    return got + ["no answer"] * (len(want) - len(got)), seconds


def agrees(label, got, want, name):
    """Whether an answer is as expected. A security query that should fail need only
    not be proved; a reachability query counts in "base", whose traces are traces of
    every other scenario too."""
    if labelled_reach(label) and label != "R" and name != "base":
        return got in ("false", "cannot be proved")
    if want == "false" and isinstance(label, str) and not labelled_reach(label):
        return got in ("false", "cannot be proved")
    return got == want


def labelled_reach(label):
    """Whether a query asks only that something can happen at all."""
    return str(label).startswith("R")


def main(arguments):
    todo = list(jobs())
    if arguments[:1] == ["--write"]:
        folder = pathlib.Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name, part, text, _, _ in todo:
            (folder / f"{name}{'_' if part else ''}{part}.pv").write_text(text)
        return 0
    if arguments:
        todo = [j for j in todo if j[0] in arguments]
    if not shutil.which("proverif"):
        sys.exit("proverif is not on PATH")
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (name, part, _, labels, want), (got, seconds) in zip(todo, pool.map(run, todo)):
            pairs = " ".join(f"{x}={y}" for x, y in zip(labels or range(1, 99), got))
            bad = [x for x, y, z in zip(labels or range(1, 99), got, want) if not agrees(x, y, z, name)]
            wrong += len(bad)
            print(f"{name:34} {part:10} {seconds:6.1f} s  {pairs}"
                  + (f"   DIFFERS FROM EXPECTED: {bad}" if bad else ""), flush=True)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
