"""Every sentence that this client says, marked for translation.  Plain words: what is the case, and what to do."""

from __future__ import annotations

from dropbox.protocol.reply import CaseStatus


def mark(message: str) -> str:
    """The text unchanged: marks it for the catalogue, where the language is known later."""
    return message


WELCOME = mark(
    "Independent Reporting Point. This program seals what you write on this computer. Only the bureau can open it."
)
SAFE_MOMENT = mark("First: is this a safe moment?")
OWN_DEVICE = mark("Use your own device, not one of your work.")
OTHER_NETWORK = mark("Do not use the network of the embassy or the ministry.")
NOBODY_READS = mark("Sit where nobody reads along.")
NOTHING_KEPT = mark(
    "This program writes nothing that you type, and none of your twelve words, to a disk. What is on the screen stays"
    " on the screen: close this window when you are done."
)
MAY_SWAP = mark(
    "This computer may write parts of its memory to its disk, and this program may not stop that. Is the disk not "
    "encrypted? Then better use Tails, or switch off swap first."
)
CTRL_C = mark("You can stop at any question with Ctrl-C. If a question has a number, type the number and press Enter.")
WHAT_NOW = mark("What do you want to do?")
DO_REPORT = mark("Report something")
DO_READ = mark("Read the answer, and answer")
DO_KEYS = mark("Fetch the keys of today, to seal without internet")
DO_SEAL = mark("Seal a report into a file, without internet")
DO_SEND = mark("Send a sealed file, or go on with one that broke off")
DO_STOP = mark("Stop")

WHICH_NUMBER = mark("Your choice (Enter for 1):")
NO_SUCH_NUMBER = mark("Type a number from 1 to %(most)s.")
REALLY_STOP = mark("Stop? What you typed will then be gone. Type stop and press Enter. Only Enter: you go on.")
GO_ON = mark("You go on. Type the line that you were at once more.")
OUR_FAULT = mark(
    "Something is wrong in this program. That is our fault, not yours. What you typed is gone, and none of it stands "
    "on this computer. Start again, or use another way to report."
)
STOPPED = mark("Stopped. What you typed stands nowhere on this computer. Now close this window.")
DONE = mark("Done. Close this window: what stands on the screen can be read by who comes after you.")
LINE_CUT = mark(
    "That line was too long for this terminal, and its end is lost. What was taken ends with: %(end)s Type the rest "
    "once more, and press Enter more often."
)
UNREADABLE_LINE = mark("Some characters of that line could not be read, and show as a question mark. Type those again.")
NEEDS_TERMINAL = mark(
    "dropbox-report asks its questions on a terminal. Text from a file or another program would stand somewhere else "
    "too."
)

BAD_SOCKS = mark("--socks takes unix: with a path, or a loopback address with a port, as in 127.0.0.1:9150.")

# The leaflet
ASK_ADDRESS = mark("Type the address from the leaflet (56 letters and digits, then .onion):")
BAD_ADDRESS = mark(
    "This address is mistyped: it has 56 letters and digits, and then .onion. Compare it with the leaflet."
)
ASK_FINGERPRINT = mark(
    "Type the twelve words of the fingerprint from the leaflet. They are no secret. By them this program knows that "
    "nobody swapped the keys:"
)
FINGERPRINT_COUNT = mark("There are %(found)s words here. A fingerprint has twelve.")
OTHER_FINGERPRINT = mark(
    "The keys do not fit these words: word %(position)s is another one. Look whether you typed it as it stands on the"
    " leaflet. If you did, somebody may have swapped the keys. Then send nothing, and use another way to report."
)
BAD_LEAFLET_FILE = mark(
    "The file with the leaflet has lines that do not belong there. Type the address and the words yourself."
)
BAD_WITNESSES = mark(
    "The witnesses cannot be required like this: each is named by the 64 letters and digits of its key, no more are "
    "required than are named, and --cosignatures, --witness and --require are given together."
)
NOT_WITNESSED = mark(
    "Fewer than %(needed)s of the witnesses signed the keys of today. Nothing was sent. Put what they signed today "
    "into the folder and try again; if it stays like this, do not report here and tell the people who gave you the "
    "leaflet."
)
WITNESSED_ANOTHER = mark(
    "The witnesses saw newer keys of today than these. Nothing was sent. Try again in a while; if it stays like this, "
    "do not report here and tell the people who gave you the leaflet."
)
FINGERPRINT_FITS = mark("The keys fit the words on your leaflet.")

# The line
CONNECTING = mark("Going to the reporting point through Tor. This can take a minute or two.")
STILL_TRYING = mark("The line broke. Trying again by another way. You need not do anything.")
LONG_AWAY = mark("The line has been gone for ten minutes. What you wrote is still here.")
LONG_AWAY_SEALED = mark("The line has been gone for ten minutes. What has come in of the file stays there for a day.")
KEEP_TRYING = mark("Keep trying")
GO_BACK = mark("Stop trying: what I typed stays here")
STOP_SENDING = mark("Stop trying: I go on later, with the same file")
TRY_AGAIN = mark("Try again")
GIVE_UP = mark("Stop: what I typed will be gone")
INTO_FILE = mark("Seal it into a file, to send it later or from elsewhere")
SHOW_TEXT = mark("Show my text once more")
HOW_ON = mark("How do you want to go on?")

TOR_DOWN = mark(
    "Tor does not run on this computer, or not where this program looks for it. Start Tor Browser or Tor and leave it"
    " open. Then try again."
)
NOT_TOR = mark("What answers here is not Tor. Look at which port Tor listens, and start this program with --socks.")
NOT_FOUND = mark(
    "Tor finds nothing at this address. Compare it with the leaflet. Is it right? Then the reporting point is away "
    "just now. Try again later."
)
HOST_DOWN = mark("The reporting point does not answer. That is not your fault. Try again later.")
EXPIRED = mark(
    "Tor took too long. Try again. Does it stay like this? Then look whether the clock of this computer is right."
)
NO_PAGE = mark(
    "What answers at this address is no reporting point, or it is out of order. Compare the address with the leaflet."
)
LINE_BROKE = mark("The line broke before there was an answer. Try again.")
CHECK_CLOCK = mark(
    "The keys of the bureau are not for today. This computer thinks that it is %(today)s. Is that wrong? Then set its"
    " clock right and try again. Is it right? Then somebody may keep newer keys back: send nothing, and try again "
    "tomorrow."
)
FORGED = mark(
    "What came is not from the bureau, or was changed on the way. Nothing was sealed with it, and nothing was sent. "
    "Try again. Does it stay like this? Then use another way to report."
)
HOST_FULL = mark(
    "The reporting point is full just now. Nothing was sent. What you wrote is still here. Try again tomorrow."
)
NOT_READY = mark("The bureau has not put out its keys or answers for today. That is not your fault. Try again later.")
UPLOAD_LOST = mark(
    "What was sent earlier is no longer there: it is kept for a day. It will be sent from the beginning."
)
REFUSED = mark(
    "The reporting point refused it. That is not your fault. Nothing was sent. Try again later, or use another "
    "way to report."
)
UNKNOWN_OUTCOME = mark(
    "The line broke at the very end, so it may have come in, and it may not. Send it once more: the bureau sees "
    "that it is the same."
)
SENDING_BROKE = mark(
    "The line broke while it was being sent. Nothing was handed in yet: half a packet counts for nothing, and is "
    "removed within a day. What you wrote is still here. Try again: it is sent from the beginning."
)
TOO_LARGE = mark("This is more than 1 GB together. Choose fewer files, or send them in several messages.")

# The twelve words
YOUR_WORDS = mark("Your twelve words")
HAVE_WORDS = mark("Do you already have twelve words, from an earlier report?")
NO_WORDS = mark("No, this is a new report")
OWN_WORDS = mark("Yes, I want to add to an earlier report")
WRITE_WORDS = mark(
    "Write down these twelve words now, on paper, in this order. They are the only way back to your report and to the"
    " answer. Do not make a photo. Nobody can recover them, we cannot either."
)
SAME_DIGITS = mark("The same as letters and digits. One of the two is enough:")
ON_PAPER = mark("Are the words on paper? Press Enter: then they go from the screen, and you are asked for one of them.")
ASK_WORD = mark("Type word %(place)s from your paper (or type again to see all of them once more):")
WRONG_WORD = mark("That is not word %(place)s. Look at your paper, or type again.")
RIGHT_WORD = mark("Right. Keep the paper where nobody looks.")
SHOW_TYPING = mark("Your words do not show while you type them. Do you want to see them? Then nobody must look on.")
HIDE = mark("Do not show them")
SHOW = mark("Show them")
ASK_WORDS = mark("Type your twelve words on one line, or the letters and digits, and press Enter:")
RECEIPT_EMPTY = mark("Nothing was typed. Type your twelve words.")
RECEIPT_COUNT = mark("There are %(found)s words here. A receipt has twelve. See whether one is missing or twice there.")
RECEIPT_WORD = mark("Word %(position)s is not a word of a receipt. Check how it is spelled.")
RECEIPT_WORD_NEAR = mark("Word %(position)s is not a word of a receipt. Did you mean: %(suggestions)s?")
RECEIPT_DIGITS = mark("These letters and digits are not a receipt. Compare them with your note, group by group.")
RECEIPT_CHECKSUM = mark(
    "Each word exists, but these twelve do not belong together. Look for a wrong word, or two that changed places."
)

# Writing
WHAT_ABOUT = mark("What is it about?")
WRITE = mark("What happened?")
WRITE_HINT = mark(
    "What happened, where, when, and how do you know? You need not say who you are. Short sentences give away less "
    "about you."
)
HOW_TO_END = mark(
    "Type as many lines as you like. Are you done? Type a single dot on a line of its own and press Enter."
)
REVIEW = mark("You have %(left)s bytes left. Is your text complete?")
TOO_LONG = mark("Your text is %(over)s bytes too long. Take lines away, or send it as a file.")
FIELD_TOO_LONG = mark("This text is %(over)s bytes too long. Make it shorter.")
GO_FURTHER = mark("Yes, go on")
WRITE_MORE = mark("Write more")
TAKE_AWAY = mark("Take the last line away")
START_ANEW = mark("Throw this text away and begin anew")
STILL_GOING_ON = mark("Is it still going on?")
SAY_NOTHING = mark("I would rather not say")
KEEP_FROM = mark(
    "Who must not hear of this? Names or functions, on one line; a handler reads this first. Only Enter if there is "
    "nobody. Every handler of the bureau can open your report: must one of them not see it, use another way to "
    "report."
)
FILES = mark("Files")
FILES_HINT = mark(
    "Photos and documents can hold your name, a place or a date. This program does not take those out. At most 20 "
    "files, 1 GB together."
)
ASK_FILE = mark("Where is the file? Type its path, or drag it into this window. Only Enter if you are done:")
FILE_TAKEN = mark("Added: %(name)s, %(size)s.")
MOST_FILES = mark("20 files is the most. Put several in one archive file, or send another message.")
NOTHING_TO_SEND = mark("There is nothing to send yet: write something, or choose a file.")
FILE_UNREADABLE = mark("This file is not there, or this account may not read it. Look at the path.")
FILE_OF_DRAFT = mark(
    "A file that you chose can no longer be read: it was moved, or the stick was taken out. Nothing was sent."
)
NOT_A_FILE = mark("This is no file but a folder or a device. Choose a file.")
FILE_BROKE_OFF = mark(
    "The file could not be read to its end. Was the stick taken out? Nothing was sent. Put it back and try again."
)
FILE_TOO_LARGE = mark("This file is larger than it can be. It is another file.")
FILE_EXISTS = mark("There is a file of that name already. It is left alone: choose another name.")
HALF_EXISTS = mark("There is half a file from an earlier time: %(name)s. Remove it, or choose another name.")
FILE_UNWRITABLE = mark(
    "Nothing can be written there: the folder is not there, is full, or may not be written to. Choose another place."
)
IN_USE = mark("Another window is sending this very file. Wait until it is done, or stop it there.")
WITHOUT_ANSWER = mark("No answer to this one")

# Sending
READY = mark("Ready to seal and send")
SIZE = mark("What the server gets to see is a sealed packet of %(size)s. It does not see how much of that is yours.")
WEAKER = mark(
    "The bureau has put out no fresh keys for today. Your report is sealed to a key that is kept longer. That is a "
    "little less safe. If your report can wait, come back another day."
)
SEND_NOW = mark("Send it now?")
YES_SEND = mark("Yes, seal and send")
NOT_YET = mark("Not yet, add something first")
SENDING = mark("Sealing and sending. Leave this window open.")
PROGRESS = mark("%(done)s of %(total)s sent.")
PROGRESS_LEFT = mark("%(done)s of %(total)s sent. About %(left)s left.")
TAKING_BACK = mark(
    "You stopped it. Nothing was handed in. What was sent so far has been taken back, or is removed within a day."
)
SENT = mark("Sent. The reporting point has all of it, and only the bureau can open it.")
WHAT_NEXT = mark("What happens next")
NEXT_7_DAYS = mark("Within 7 days the bureau confirms that it has your report.")
NEXT_3_MONTHS = mark("Within 3 months after that you read what was done, and why.")
NEXT_LOOK = mark("Look again around day 7, with your twelve words. Choose a moment that suits you.")
NEXT_HANDLER = mark("A handler of the bureau reads your message.")
NEXT_WEEK = mark("Look again in about a week, with your twelve words. Choose a moment that suits you.")

# Reading
READING = mark("Fetching the answers. Everyone gets the same list: nobody sees whether there is something for you.")
NOTHING_YET = mark("Nothing for these words yet")
NOTHING_REPORTED = mark("Did you report only a short while ago? It can take up to 7 days.")
NOTHING_CHECK = mark(
    "Check each word on your paper. Other words, or words of another reporting point, look just the same: nobody can "
    "know."
)
ANSWERS = mark("Your report and the answers")
OPENED = mark("The bureau has opened messages of yours: %(messages)s, with files: %(files)s, up to %(day)s.")
NO_MESSAGE = mark("There is no message from a handler yet.")
UNREAD = mark(
    "Messages that could not be put together: %(count)s. They expired or came in damaged. Ask the bureau to send them"
    " again."
)
PUT_OUT = mark("The bureau last put out its answers on %(day)s. The next ones are due on %(next)s.")
LATE = mark(
    "The bureau has put out nothing since %(day)s, though something was due. The office may be shut, or the server "
    "keeps newer answers back: from here the two look the same. If it stays like this, use another way to report."
)
FROM_BUREAU = mark("Message from the bureau")
STATUS = mark("Where your report stands")
QUESTION = mark("Question from the bureau")
NOTICE = mark("Notice from the bureau")
ANSWER_NOW = mark("Do you want to answer, or add something?")
YES_ANSWER = mark("Yes, write now")
NO_ANSWER = mark("No, stop here")
YOUR_ANSWER = mark("Which answer do you give?")

# Sealed files and key files
KEYS_KEPT = mark(
    "The keys are in the file. They are the same for everyone, but who finds the file sees that you use this "
    "reporting point. You can seal with them until %(until)s (UTC), also without internet."
)
ASK_KEY_FILE = mark("Where is the file with the keys?")
ASK_NEW_KEYS = mark("Where shall the keys be kept? Type the path of a new file, for instance on a stick:")
NO_KEY_FILE = mark("This is not a file with keys of a reporting point. Choose another, or fetch the keys anew.")
OLD_KEYS = mark(
    "The keys in this file are for %(day)s, and this computer thinks that it is %(today)s. Is that wrong? Then set "
    "its clock right and try again. Is it right? Then fetch the keys anew: they serve for one day."
)
ASK_NEW_FILE = mark("Where shall the sealed file be? Type the path of a new file, for instance on a stick:")
FILE_SIZE = mark("The sealed file will have %(size)s.")
SEALING = mark("Sealing. Leave this window open. With Ctrl-C you stop it, and then there is no file.")
SEALING_STOPPED = mark("You stopped the sealing. There is no file, also not half of one. What you wrote is still here.")
SEALED = mark("Sealed. Nobody can open the file, you cannot either. It says nothing of who made it.")
SEALED_NEXT = mark("It must come in by %(day)s. After that it is refused, and has to be written anew.")
SEALED_HOW = mark(
    "Send it with dropbox-report send, from any computer with Tor. Or open the reporting point in Tor Browser, choose"
    " Report, and there: hand in a sealed file."
)
SEALED_REMOVE = mark(
    "Remove the file once it was sent. On a stick it can often be brought back: who finds it sees that something was "
    "sent."
)
ASK_SEALED = mark("Where is the sealed file?")
NO_SEALED_FILE = mark("This is not a sealed file. Choose the one that dropbox-report made.")
SEALED_DAMAGED = mark(
    "This is a sealed file, but it is damaged: a part of it is missing, too much or changed. Nothing was sent. Do"
    " you have another copy? Choose that one. If not, it has to be written and sealed anew."
)
SENDING_SEALED = mark(
    "Sending the sealed file. Does it break off? Start again with the same file: it goes on where it was."
)
SEALED_BROKE = mark(
    "The line broke. Nothing was handed in yet. What has come in stays there for a day. Try again, now or in "
    "another run with the same file: it goes on where it was."
)
SEALED_UNKNOWN = mark(
    "The line broke at the very end, so the file may have come in, and it may not. Send the same file once more: "
    "it counts once."
)
SEALED_FULL = mark("The reporting point is full just now. The file was not handed in. Keep it, and send it tomorrow.")
SEALED_TOO_OLD = mark(
    "This file was sealed with the keys of %(day)s. That is more than 7 days ago, and these keys may be gone. It "
    "was not taken. It has to be written and sealed anew."
)
SEALED_AHEAD = mark(
    "This file was sealed with the keys of %(day)s, and that day has yet to come. It was not taken. Keep it, and "
    "send it on that day. Look whether the clock of this computer is right, and that of the one on which it was "
    "sealed."
)
SEALED_ELSEWHERE = mark(
    "This reporting point does not have the keys with which the file was sealed, those of %(day)s. It was sealed "
    "for another reporting point, or the bureau has taken these keys back. It was not taken. It has to be written"
    " and sealed anew."
)
UPLOAD_TAKEN = mark(
    "Under the name of this file something else stands with the reporting point. Perhaps somebody has a copy of "
    "your file. It is now sent from the beginning, under a new name that nobody knows."
)
UPLOAD_TAKEN_AGAIN = mark(
    "What was sent is gone once more, or something else stands in its place. Nothing was handed in yet. Try "
    "again. Does this come again? Then use another way to report."
)
WAS_THERE = mark("All of this file was there already, unchanged. Nothing had to be sent. Only the bureau can open it.")

CATEGORIES: tuple[tuple[str, str], ...] = (
    ("", mark("I do not know, or it is something else")),
    ("treatment", mark("Bullying, threats or sexual harassment")),
    ("discrimination", mark("Racism or discrimination")),
    ("retaliation", mark("I am being punished because I reported something")),
    ("power", mark("Abuse of power")),
    ("corruption", mark("Bribery or corruption")),
    ("fraud", mark("Fraud or theft")),
    ("waste", mark("Waste of public money, or work done badly on purpose")),
    ("gifts", mark("Gifts and favours")),
    ("favouritism", mark("Favouritism in jobs and appraisals")),
    ("side_jobs", mark("Side jobs or interests that do not go together with the work")),
    ("information", mark("Misuse or leaking of information")),
    ("visas", mark("Visas, passports or consular help")),
    ("safety", mark("Safety at the post")),
    ("household", mark("Treatment of household staff")),
    ("private_time", mark("Misconduct in private time")),
)

ONGOING: tuple[tuple[str, str], ...] = (
    ("", SAY_NOTHING),
    ("yes", mark("Yes, it is still going on")),
    ("no", mark("No, it is over")),
    ("unsure", mark("I am not sure")),
)

STATUSES: dict[CaseStatus, str] = {
    CaseStatus.RECEIVED: mark("Your report has been received."),
    CaseStatus.ASSESSING: mark("The bureau is looking into what you reported, and what risk you run."),
    CaseStatus.ADDRESSING: mark("The bureau is acting on your report."),
    CaseStatus.CLOSED: mark("The bureau has closed this report."),
}

MONTHS = (
    mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June"), mark("July"),
    mark("August"), mark("September"), mark("October"), mark("November"), mark("December"),
)  # fmt: skip
