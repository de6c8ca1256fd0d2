"""Sets of the family intents: training files of open assistants, and the dialogues of STAR."""

import json
import random
import re

from registry import data_set
from sampling import distinct, near_intents, sample
from tables import label_table
from texts import words

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
            if event["Action"] == "request_suggestions" and action and not NO_REPLIES.search(action) and len(words(event["Text"])) >= 3:
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
