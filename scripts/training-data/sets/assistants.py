"""Sets of the family intents: training files of open assistants, and the dialogues of STAR."""

import collections
import json
import random
import re

from registry import data_set
from sampling import sample
from sets.intents import near_intents
from tables import label_table
from texts import words

RASA_ENTITY = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
LU_ENTITY = re.compile(r"\{@?[\w:]+=([^{}]*)\}")


def watson_examples(text):
    """(example, intent) of a skill of Watson Assistant."""
    for intent in json.loads(text)["intents"]:
        for example in intent["examples"]:
            if "*" not in example["text"]:
                yield example["text"], intent["intent"]


def rasa_examples(text):
    """(example, intent) of a training file of Rasa; entities as their text."""
    intent = None
    for line in text.splitlines():
        if line.startswith("- "):
            intent = line[10:].strip() if line.startswith("- intent: ") else None
        elif intent and re.match(r"\s+- ", line):
            yield RASA_ENTITY.sub(r"\1", line.strip()[2:]), intent


def lu_examples(text):
    """(example, intent) of a .lu file of the Bot Framework; entities as their text, patterns left out."""
    intent = None
    for line in text.lstrip("\ufeff").splitlines():
        if re.match(r"##? \w+$", line.strip()):
            intent = line.strip("# \r")
        elif re.match(r"[#@$>!]", line):
            intent = intent if line.startswith(">") and "definitions" not in line else None
        elif intent and line.startswith("- "):
            while LU_ENTITY.search(line):
                line = LU_ENTITY.sub(r"\1", line)
            # Lines with ^ are patterns, not sentences.
            if "{" not in line and "^" not in line:
                yield re.sub(r" ?' ?(?=s\b)", "'", line[2:]).strip(), intent


def bot_rows(context, bots, names):
    """(example, key) of the files of several bots; key is prefix + intent. bots: (repository, path, reader, prefix)."""
    for repository, path, reader, prefix in bots:
        for text, intent in reader(context.repositories.text(repository, path)):
            if prefix + intent in names:
                yield text, prefix + intent


def distinct(rows, names, fewest):
    """Rows of the labels with enough examples, one key a label, and the table of these keys."""
    key_of = {}
    for key, name in names.items():
        key_of.setdefault(name, key)
    rows = [(text, key_of[names[key]]) for text, key in rows]
    count = collections.Counter(key for _, key in rows)
    return [row for row in rows if count[row[1]] >= fewest], {key: names[key] for key in names if count[key] >= fewest}


def of_same_bot(names):
    """Siblings: the near intents of the same bot."""
    groups = collections.defaultdict(dict)
    for key, name in names.items():
        groups[key.partition("/")[0]][key] = name
    return {key: near for group in groups.values() for key, near in near_intents(group).items()}


BANK_BOTS = [
    ("watson-developer-cloud/assistant-simple", "training/bank_simple_workspace.json", watson_examples, ""),
    ("IBM/watson-banking-chatbot", "data/conversation/workspaces/full_banking.json", watson_examples, ""),
    ("RasaHQ/financial-demo", "data/nlu/nlu.yml", rasa_examples, "rasa/"),
    ("RasaHQ/NLU-training-data", "banking/nlu.yml", rasa_examples, "nlu/"),
]


@data_set(
    "bank_assistant_intents",
    "intents",
    [bot[:2] for bot in BANK_BOTS],
    "Apache 2.0: LICENSE of each repository",
    "intents of four bots, names by hand, like intents under one name; small talk and intents that say nothing alone left "
    "out; not_labels are the nearest other intents",
)
def bank_assistant_intents(context):
    by_hand = label_table("bank_assistant")
    rows, names = distinct(bot_rows(context, BANK_BOTS, by_hand), by_hand, 4)
    return sample("bank_assistant_intents", rows, [names], context.evaluation, siblings=near_intents(names))


SKILLS = "skills/csharp"
TICKET_INTENTS = ("TicketCreate", "TicketUpdate", "TicketShow", "TicketClose", "CreateSubscription", "KnowledgeShow")
SUPPORT_BOTS = [
    (
        "IBM/virtual-insurance-assistant",
        "data/assistant/skill-virtual-insurance-assistant.json",
        watson_examples,
        "insurance/",
    ),
    (
        "samcennis/Watson-Assistant-Customer-Self-Service",
        "import-watson-assistant/acme-dialog-skill.json",
        watson_examples,
        "software/",
    ),
    (
        "watson-developer-cloud/assistant-skill-analysis",
        "tests/resources/test_workspaces/skill-Customer-Care-Sample.json",
        watson_examples,
        "store/",
    ),
    ("RasaHQ/helpdesk-assistant", "data/nlu.yml", rasa_examples, "helpdesk/"),
    (
        "microsoft/botframework-skills",
        f"{SKILLS}/experimental/hospitalityskill/Deployment/Resources/LU/en-us/Hospitality.lu",
        lu_examples,
        "hotel/",
    ),
    *(
        (
            "microsoft/botframework-skills",
            f"{SKILLS}/experimental/itsmskill/Deployment/Resources/LU/en-us/secondary/{intent}.lu",
            lu_examples,
            "tickets/",
        )
        for intent in TICKET_INTENTS
    ),
]


@data_set(
    "support_bot_intents",
    "intents",
    [bot[:2] for bot in SUPPORT_BOTS],
    "Apache 2.0; microsoft/botframework-skills MIT: LICENSE of each repository",
    "intents of six bots (insurance, software, store, help desk, hotel, tickets), names by hand; not_labels are the nearest "
    "other intents of the same bot",
)
def support_bot_intents(context):
    by_hand = label_table("support_bots")
    rows, names = distinct(bot_rows(context, SUPPORT_BOTS, by_hand), by_hand, 3)
    return sample("support_bot_intents", rows, [names], context.evaluation, per_class=60, siblings=of_same_bot(names))


OFFICE_BOTS = [
    (
        "microsoft/botframework-skills",
        f"{SKILLS}/emailskill/Deployment/Resources/LU/en-us/Email.lu",
        lu_examples,
        "email/",
    ),
    (
        "microsoft/botframework-skills",
        f"{SKILLS}/calendarskill/Deployment/Resources/LU/en-us/Calendar.lu",
        lu_examples,
        "calendar/",
    ),
    (
        "microsoft/botframework-skills",
        f"{SKILLS}/todoskill/Deployment/Resources/LU/en-us/ToDo.lu",
        lu_examples,
        "tasks/",
    ),
    (
        "microsoft/botframework-skills",
        "skills/declarative/People/People/language-understanding/en-us/People.en-us.lu",
        lu_examples,
        "people/",
    ),
]


@data_set(
    "office_assistant_intents",
    "intents",
    [bot[:2] for bot in OFFICE_BOTS],
    "MIT: LICENSE",
    "intents about email, calendar, tasks and colleagues, names by hand; not_labels are the nearest other intents of the same skill",
)
def office_assistant_intents(context):
    by_hand = label_table("office_assistant")
    rows, names = distinct(bot_rows(context, OFFICE_BOTS, by_hand), by_hand, 10)
    return sample("office_assistant_intents", rows, [names], context.evaluation, per_class=60, siblings=of_same_bot(names))


CHITCHAT = ("microsoft/botframework-solutions", "templates/csharp/VA/VA/Deployment/Resources/QnA/en-us/Chitchat.qna")


@data_set(
    "small_talk_intents",
    "intents",
    [CHITCHAT],
    "MIT: LICENSE",
    "90 groups of remarks with the same answer, names by hand",
)
def small_talk_intents(context):
    groups = re.split(r"^## \? ", context.repositories.text(*CHITCHAT), flags=re.MULTILINE)[1:]
    names = {str(number): name for number, name in enumerate(label_table("small_talk"))}
    rows = []
    for number, group in enumerate(groups):
        remarks = group.split("**Filters:**")[0].splitlines()
        rows += [(remark.removeprefix("- "), str(number)) for remark in remarks if "editorial" not in remark]
    return sample("small_talk_intents", rows, [names], context.evaluation, per_class=35, siblings=near_intents(names))


STAR = "RasaHQ/STAR"
STAR_LICENCE = "MIT: LICENSE.txt"
TASKS = {
    "weather": "weather forecast",
    "restaurant_book": "book a table at a restaurant",
    "restaurant_search": "find a restaurant",
    "trivia": "play a quiz",
    "bank_fraud_report": "report fraud to the bank",
    "bank_balance": "bank balance",
    "trip_directions": "directions for a trip",
    "party_plan": "plan a party",
    "party_rsvp": "answer a party invitation",
    "ride_book": "book a ride",
    "ride_status": "status of a booked ride",
    "ride_change": "change a booked ride",
    "plane_book": "book a flight",
    "plane_search": "search for flights",
    "apartment_schedule": "arrange to view an apartment",
    "apartment_search": "search for an apartment",
    "hotel_book": "book a hotel room",
    "hotel_search": "information about a hotel",
    "hotel_service_request": "request to hotel service",
    "doctor_schedule": "doctor's appointment",
    "doctor_followup": "instructions from the doctor",
    "meeting_schedule": "schedule a meeting",
    "spaceship_access_codes": "open a lock with an access code",
    "spaceship_life_support": "repair the life support",
}


def star_dialogues(context):
    """The complete dialogues of STAR."""
    return context.once("STAR", _star_dialogues)


def _star_dialogues(context):
    paths = context.repositories.files(STAR, "dialogues/", ".json")
    dialogues = [json.loads(text) for _, text in context.repositories.texts(STAR, paths)]
    return [dialogue for dialogue in dialogues if dialogue["CompletionLevel"] == "Complete"]


@data_set(
    "star_requests",
    "intents",
    [(STAR, "dialogues/*.json")],
    STAR_LICENCE,
    "dialogues with one task: the first of the user's first two remarks that has six words, to the task; names by hand",
)
def star_requests(context):
    rows = []
    for dialogue in star_dialogues(context):
        tasks = dialogue["Scenario"]["WizardCapabilities"]
        said = [event["Text"] for event in dialogue["Events"] if event["Agent"] == "User" and event["Action"] == "utter"]
        said = [text for text in said[:2] if len(words(text)) >= 6]
        if said and len(tasks) == 1:
            rows.append((said[0], tasks[0]["Task"]))
    return sample("star_requests", rows, [TASKS], context.evaluation, per_class=110, siblings=near_tasks())


def same_domain(key, keys):
    """The other keys that begin with the same word."""
    return [other for other in keys if other != key and other.split("_")[0] == key.split("_")[0]]


def near_tasks():
    """Siblings: the tasks of the same domain first, then four others."""
    siblings = {}
    for task in TASKS:
        same = same_domain(task, TASKS)
        rest = [other for other in TASKS if other != task and other not in same]
        siblings[task] = same + random.Random(task).sample(rest, 4)
    return siblings


REPLIES = {
    "anything_else": "asks whether anything else is needed",
    "ask_name": "asks for the name",
    "ask_departure_location": "asks where the trip starts",
    "goodbye_1": "says goodbye",
    "hello": "greets",
    "hotel_unavailable": "hotel not available",
    "party_venue_not_available": "party venue not available",
    "bank_ask_dob": "bank asks for the date of birth",
    "bank_ask_mothers_maiden_name": "bank asks for the mother's maiden name",
    "bank_ask_childhood_pets_name": "bank asks for the name of the first pet",
    "apartment_ask_application_fee_paid": "apartment asks whether the fee has been paid",
    "apartment_ask_num_bedrooms": "apartment asks for the number of bedrooms",
    "plane_flight_available": "flight available",
    "plane_flight_unavailable": "flight not available",
    "hotel_ask_date_from": "hotel asks for the arrival date",
    "hotel_ask_date_to": "hotel asks for the departure date",
    "party_ask_parking_needed": "party asks whether parking is needed",
    "party_confirm_rsvp": "party invitation answered",
    "party_inform_food_drink_criteria": "party: food and drinks",
    "restaurant_ask_size": "restaurant asks for the number of guests",
    "restaurant_ask_restaurant": "restaurant asks which restaurant",
    "hotel_ask_hotel": "hotel asks which hotel",
    "trip_inform_simple_step_ask_proceed": "directions: a step, asks to go on",
    "trip_inform_detailed_step": "directions: a detailed step",
    "trip_inform_last_step_and_done": "directions: the last step",
    "trip_instructions_done": "directions are complete",
    "trivia_inform_answer_correct_ask_next": "quiz: the answer is right",
    "trivia_inform_answer_incorrect_ask_next": "quiz: the answer is wrong",
    "trivia_inform_answer_2_ask_next": "quiz: gives the right answer",
    "meeting_inform_unavailable_ask_different_time": "meeting: time not available",
    "ride_confirm_booking": "ride booked",
    "ride_ask_change": "ride asks what to change",
    "doctor_inform_doctors_instructions": "doctor's instructions",
    "spaceship_ask_colour_top_cable": "spaceship asks for the colour of the top cable",
    "spaceship_ask_colour_second_cable": "spaceship asks for the colour of the second cable",
}
NO_REPLIES = re.compile("out_of_scope|custom|goodbye_2|_bye$|trivia_ask_question$|_nothing_found$|search_criteria|search_more")


def reply_name(action):
    """The name of an action of the assistant: "bank_ask_pin" is "bank asks for the PIN"."""
    domain, _, rest = action.partition("_")
    rest = rest.replace("_", " ").replace("dob", "date of birth").replace("pin", "PIN")
    rest = re.sub(r"^ask confirm (.*)", r"asks to confirm the \1", rest)
    rest = re.sub(r"^ask ", "asks for the ", rest)
    rest = re.sub(r"^(inform|provide) ", "says: ", rest)
    domain = {"plane": "flight", "spaceship": "spaceship", "trip": "directions", "trivia": "quiz"}.get(domain, domain)
    return f"{domain} {rest}".replace(" says:", ":")


@data_set(
    "star_replies",
    "intents",
    [(STAR, "dialogues/*.json")],
    STAR_LICENCE,
    "what the person in the assistant's place typed, to the reply then chosen from the suggestions; names from the action names",
)
def star_replies(context):
    rows = []
    for dialogue in star_dialogues(context):
        for event, after in zip(dialogue["Events"], dialogue["Events"][1:]):
            action = after.get("ActionLabel") if after["Action"] == "pick_suggestion" else None
            if event["Action"] == "request_suggestions" and action and not NO_REPLIES.search(action):
                if len(words(event["Text"])) >= 3:
                    rows.append((event["Text"], action))
    names = {action: REPLIES.get(action) or reply_name(action) for _, action in rows}
    rows, names = distinct(rows, dict(sorted(names.items())), 20)
    return sample("star_replies", rows, [names], context.evaluation, most=5000, per_class=45, siblings=near_replies(names))


def near_replies(names):
    """Siblings: the replies of the same domain; for those without one, all."""
    siblings = {}
    for action in names:
        same = same_domain(action, names)
        siblings[action] = same if len(same) > 3 else [other for other in names if other != action]
    return siblings
