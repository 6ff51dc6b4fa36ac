"""What property tests draw from."""

from hypothesis import strategies as st

from dropbox.protocol.documents import MAX_INTEGER
from dropbox.protocol.keys import MAX_DAY
from dropbox.protocol.reply import Acknowledgement, CaseStatus, Note, Notice, Question, Reply, Status

# Whole characters of every kind, with those that cause trouble drawn more often.
texts = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('\0\n\r\t"\\/ .\u202e\u200d\u0301e\u00e9')),
    max_size=120,
)
any_text = st.one_of(st.text(max_size=120), st.text(st.characters(), max_size=120), texts)
days = st.integers(0, MAX_DAY)

_names = st.text(st.characters(max_codepoint=127), max_size=12)
_leaves = st.one_of(st.none(), st.booleans(), st.integers(-MAX_INTEGER, MAX_INTEGER), texts)
json_objects = st.dictionaries(
    _names,
    st.recursive(
        _leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=6,
)

_answers = st.lists(st.text(st.characters(categories=["L", "P"]), min_size=1, max_size=20), min_size=1, max_size=6)
notes: st.SearchStrategy[Note] = st.one_of(
    st.builds(Acknowledgement, st.integers(0, 10_000), st.integers(0, 10_000), days),
    st.builds(Reply, texts),
    st.builds(Reply, st.text(st.characters(categories=["L"]), min_size=900, max_size=1_500)),
    st.builds(Status, st.sampled_from(CaseStatus), texts),
    st.builds(Question, st.binary(min_size=8, max_size=8), texts, _answers.map(tuple)),
    st.builds(Notice, texts),
)
