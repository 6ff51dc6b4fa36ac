"""The list of cards, and one card with the form that answers it."""

from aiohttp import web

from dropbox.ministry.errors import MoveRefusedError, NotCertifiedError, OvertakenError
from dropbox.ministry.pages import words
from dropbox.ministry.pages.paths import Page
from dropbox.ministry.pages.site import View
from dropbox.ministry.states import FOLLOWS, MEASURES_TAKEN, State
from dropbox.ministry.views import CardView
from dropbox.protocol.card import OUTCOME_TEXT
from dropbox.web.downloads import as_download
from dropbox.web.form_reading import EMPTY, Form
from dropbox.web.forms import NO_PROBLEMS, Choice, Problem, Problems


async def show_list(view: View) -> web.StreamResponse:
    """Show all cards, what was refused, and how it stands with the line to the intake host."""
    return view.draw(
        "inbox.html",
        Page.INBOX,
        cards=await view.inbox.cards(),
        failures=await view.inbox.failures(),
        sync=await view.site.sync.state(),
        done=view.done_words,
        closed=State.CLOSED,
        new=State.NEW,
    )


async def show_card(view: View) -> web.StreamResponse:
    """Show one card."""
    return _draw(view, await view.inbox.card(view.names["card"]), done=view.done_words)


async def answer(view: View, form: Form) -> web.StreamResponse:
    """Give an answer, or say what to put right, with the text still in the form."""
    card = await view.inbox.card(view.names["card"])
    if form.raw("sequence") != str(len(card.answers)):
        return _draw(view, card, _problem(view, "state", words.OVERTAKEN), form)
    problems = _problems(view, card, form)
    if problems:
        return _draw(view, card, problems, form)
    try:
        await view.inbox.answer(view.person, card, State(form.raw("state")), form.raw("measure"), form.text("text"))
    except OvertakenError:
        card = await view.inbox.card(view.names["card"])
        return _draw(view, card, _problem(view, "state", words.OVERTAKEN), form)
    except NotCertifiedError:
        return _draw(view, card, _problem(view, "text", words.NO_BUREAU_KEY), form)
    except MoveRefusedError:
        return _draw(view, card, _problem(view, "state", words.CHOOSE_STATE), form)
    raise view.done("answered", Page.CARD)


async def proof(view: View) -> web.StreamResponse:
    """Give what the bureau signed, byte for byte, as a file."""
    card = await view.inbox.card(view.names["card"])
    response = web.Response(body=card.document)
    as_download(response, f"card-{card.code}.json")
    return response


async def dismiss(view: View, _form: Form) -> web.StreamResponse:
    """Put away something that was refused."""
    await view.inbox.dismiss(view.names["name"])
    raise view.done("dismissed", Page.INBOX)


def _problem(view: View, field: str, sentence: str) -> Problems:
    return Problems((Problem(field, view.say(sentence)),))


def _problems(view: View, card: CardView, form: Form) -> Problems:
    """What the form lacks, in the order of its fields."""
    found = []
    state, text = form.raw("state"), form.text("text")
    if state not in FOLLOWS[card.state]:
        found.append(Problem("state", view.say(words.CHOOSE_STATE)))
    elif state == State.MEASURE and form.raw("measure") not in MEASURES_TAKEN:
        found.append(Problem("measure", view.say(words.CHOOSE_MEASURE)))
    if state == State.CLOSED and not text:
        found.append(Problem("text", view.say(words.CLOSING_TEXT)))
    over = len(text.encode()) - OUTCOME_TEXT
    if over > 0:
        found.append(Problem("text", view.say(words.TEXT_LONG, count=over)))
    return Problems(tuple(found))


def _draw(
    view: View, card: CardView, problems: Problems = NO_PROBLEMS, form: Form = EMPTY, *, done: str = ""
) -> web.Response:
    follows = FOLLOWS[card.state]
    chosen = form.raw("state") or (follows[0].value if len(follows) == 1 or card.state is State.NEW else "")
    return view.draw(
        "card.html",
        None if problems else Page.CARD,
        status=422 if problems else 200,
        card=card,
        referral=card.referral,
        choices=[_choice(view, card.state, state) for state in follows],
        measures=[Choice(code, view.say(words.MEASURES[code])) for code in ("", *MEASURES_TAKEN)],
        asks_measure=State.MEASURE in follows,
        chosen=chosen,
        measure=form.raw("measure"),
        text=form.typed("text"),
        problems=problems,
        done=done,
        room=OUTCOME_TEXT,
    )


def _choice(view: View, now: State, state: State) -> Choice:
    said, hint = words.CHOICES[state]
    if now is State.CLOSED:
        said = words.TAKE_UP_AGAIN
    return Choice(state.value, view.say(said), view.say(hint))
