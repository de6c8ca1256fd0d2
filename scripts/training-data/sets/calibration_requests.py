"""Sets of requests and topics that are not trained on: temperature and bias are fitted to them."""

import collections
import json
import re

from registry import CALIBRATION, data_set
from sampling import labelled, prepare, shuffled
from sets.assistants import lu_examples, watson_examples
from tables import lines, rows_of
from texts import squash

MOST_ROWS = 200


def few(name, rows, context, most=MOST_ROWS, seed=17):
    """Of rows (text, label) up to `most`, the rarest labels first; rows of the same text become one with several labels."""
    texts, labels_of = {}, collections.defaultdict(dict)
    for text, label in rows:
        texts.setdefault(squash(text), text)
        labels_of[squash(text)][label] = True
    merged = [(text, list(labels_of[folded])) for folded, text in texts.items()]
    taken, ranked = collections.Counter(), []
    for text, labels in shuffled(prepare(merged, context.evaluation, 10, 1000), seed):
        ranked.append((min(taken[label] for label in labels), text, labels))
        taken.update(labels)
    ranked.sort(key=lambda row: row[0])
    return {name: [labelled(text, labels) for _, text, labels in shuffled(ranked[:most], seed)]}


HOME = "home-assistant/intents"
HOME_INTENTS = {
    "assist_satellite_HassBroadcast": "broadcast a message",
    "binary_sensor_HassGetState": "check a yes-or-no sensor",
    "climate_HassClimateGetTemperature": "get the temperature",
    "climate_HassClimateSetTemperature": "set the temperature",
    "cover_HassGetState": "check whether blinds, windows or doors are open",
    "cover_HassSetPosition": "set the position of blinds or windows",
    "cover_HassTurnOff": "close blinds, windows or doors",
    "cover_HassTurnOn": "open blinds, windows or doors",
    "fan_HassTurnOff": "turn off a fan",
    "fan_HassTurnOn": "turn on a fan",
    "homeassistant_HassCancelAllTimers": "cancel all timers",
    "homeassistant_HassCancelTimer": "cancel a timer",
    "homeassistant_HassDecreaseTimer": "shorten a timer",
    "homeassistant_HassGetCurrentDate": "get the date",
    "homeassistant_HassGetCurrentTime": "get the time",
    "homeassistant_HassIncreaseTimer": "add time to a timer",
    "homeassistant_HassNevermind": "never mind",
    "homeassistant_HassPauseTimer": "pause a timer",
    "homeassistant_HassStartTimer": "start a timer",
    "homeassistant_HassTimerStatus": "time left on a timer",
    "homeassistant_HassUnpauseTimer": "resume a timer",
    "light_HassLightSet": "set brightness or color of a light",
    "light_HassTurnOff": "turn off lights",
    "light_HassTurnOn": "turn on lights",
    "lock_HassGetState": "check a lock",
    "lock_HassTurnOff": "unlock a door",
    "lock_HassTurnOn": "lock a door",
    "media_player_HassMediaNext": "next track",
    "media_player_HassMediaPause": "pause media",
    "media_player_HassMediaPrevious": "previous track",
    "media_player_HassMediaSearchAndPlay": "search and play media",
    "media_player_HassMediaUnpause": "resume media",
    "media_player_HassSetVolume": "set the volume",
    "person_HassGetState": "where a person is",
    "scene_HassTurnOn": "activate a scene",
    "script_HassTurnOn": "run a script",
    "sensor_HassGetState": "read a sensor value",
    "shopping_list_HassShoppingListAddItem": "add an item to the shopping list",
    "shopping_list_HassShoppingListCompleteItem": "check off an item on the shopping list",
    "todo_HassListAddItem": "add an item to a to-do list",
    "todo_HassListCompleteItem": "check off an item on a to-do list",
    "vacuum_HassVacuumReturnToBase": "send the vacuum back to its base",
    "vacuum_HassVacuumStart": "start the vacuum",
    "valve_HassSetPosition": "set the position of a valve",
    "valve_HassTurnOff": "close a valve",
    "valve_HassTurnOn": "open a valve",
    "weather_HassGetWeather": "get the weather",
}
# Questions to sensors of these read like the intents for doors, locks and the thermostat themselves.
HOME_DOUBTFUL = re.compile(r"door|window|garage|lock|opening|curtain|blind|temperature", re.IGNORECASE)


@data_set(
    "smart_home_sentences",
    CALIBRATION,
    [(HOME, "tests/en/<domain>_<intent>.yaml")],
    "CC BY 4.0: LICENSE.md",
    "test sentences to domain and intent, names by hand; left out: the intents for any device (turn on, turn off, state), "
    "whose sentences also fit the intents for one kind of device, set answers, and sensors of doors, locks and temperature",
)
def smart_home_sentences(context):
    rows = []
    for file, label in HOME_INTENTS.items():
        inside = False
        for line in lines(context.repositories.text(HOME, f"tests/en/{file}.yaml")):
            sentence = re.match(r"\s+- (?!sentences:|name:)[\"']?(.+?)[\"']?\s*$", line)
            if re.match(r"\s*(- )?sentences:", line):
                inside = True
            elif inside and sentence:
                if not ("sensor_" in file and HOME_DOUBTFUL.search(sentence[1])):
                    rows.append((sentence[1], label))
            elif line.strip() and not line.strip().startswith("#"):
                inside = False
    return few("smart_home_sentences", rows, context)


COVID = ("Call-for-Code/Solution-Starter-Kit-Communication-2020", "starter-kit/assistant/skill-CDC-COVID-FAQ.json")
COVID_INTENTS = {
    "StayingSafeAtWork": "staying safe at work",
    "spreadviafood": "spread via food",
    "NegativeTestResults": "negative test results",
    "Whythename": "why the name",
    "RiskToChildren": "risk to children",
    "PrepareFamily": "prepare the family",
    "MealsForStudents": "meals for students",
    "ProductsFromChina": "products from China",
    "Stigmatizedgroups": "stigmatized groups",
    "Symptomsinchildren": "symptoms in children",
    "EmployeeShowsSymptoms": "employee shows symptoms",
    "How_many_cases": "how many cases",
    "HigherRiskPopulations": "people at higher risk",
    "EmployeeTestsPositive": "employee tests positive",
    "ReduceFamilyRisk": "reduce the family's risk",
    "News_Corona_Virus": "coronavirus news",
    "ReportingToWork": "reporting to work",
    "HealthDeptRecommendedActions": "recommended actions for health departments",
    "Symptoms": "symptoms",
    "RiskToPets": "risk to pets",
    "WorkplaceFaceCoverings": "face coverings in the workplace",
    "Testing": "testing",
    "CommunitySpread": "community spread",
    "AdditionalWorkplaceHygiene": "additional workplace hygiene",
    "DisinfectingTheWorkplace": "disinfecting the workplace",
    "StayingHomeWhenSick": "staying home from work when sick",
    "Wearingfacemasks": "wearing face masks",
    "AttendingFuneral": "attending a funeral",
    "ProtectingChildren": "protecting children",
    "warmerweather": "warmer weather",
    "Wherediditstart": "where did it start",
    "ChildrenSocializing": "children socializing",
    "ChildrenAndFaceMasks": "children and face masks",
    "InfectedFamilyMember": "infected family member",
    "PersonToPerson": "spread from person to person",
    "WhatisCovid": "what is COVID-19",
    "schoolclosing": "school closing",
    "PreparingChildren": "preparing children",
    "DocumentEmployeeIllness": "documenting an employee's illness",
    "spreadinquarantine": "spread in quarantine",
    "WorkplaceSocialDistancing": "social distancing in the workplace",
    "HandwashingTips": "handwashing tips",
    "HowDoesItSpread": "how does it spread",
    "Schoolfromhome": "school from home",
    "ExposedEmployees": "exposed employees",
    "DisinfectingSurfaces": "disinfecting surfaces",
    "CriticalBusinesses": "critical businesses",
    "CDC_Response": "CDC response",
    "DataSource": "source of the information",
    "AnimalContact": "contact with animals",
}


@data_set(
    "covid_questions",
    CALIBRATION,
    [COVID],
    "Apache 2.0: LICENSE",
    "example questions to intent, names by hand; greetings and goodbyes left out",
)
def covid_questions(context):
    examples = watson_examples(context.repositories.text(*COVID))
    rows = [(text, COVID_INTENTS[intent]) for text, intent in examples if intent in COVID_INTENTS]
    return few("covid_questions", rows, context)


SCHOOL = "microsoft/BotBuilder-Samples"
SCHOOL_FILES = "composer-samples/csharp_dotnetcore/projects/OrchestratorSchoolNavigator/SchoolNavigator/schoolnavigatorbot.{}.lu"
SCHOOL_INTENTS = {
    "Sports": "sports",
    "Academics": "academics",
    "Admissions": "admissions",
    "RegistrarsOffice": "registrar's office",
    "Library": "library",
    "CampusLife": "campus life",
    "PersonalAccess": "personal access",
    "FacultyServices": "faculty services",
    "StudentServices": "student services",
    "FinancialServices": "financial services",
}


@data_set(
    "university_desk",
    CALIBRATION,
    [(SCHOOL, SCHOOL_FILES.format("{train,test}"))],
    "MIT: LICENSE.md",
    "questions to a university's bot to intent; the intent help left out",
)
def university_desk(context):
    rows = []
    for part in ("train", "test"):
        for text, intent in lu_examples(context.repositories.text(SCHOOL, SCHOOL_FILES.format(part))):
            if intent in SCHOOL_INTENTS:
                rows.append((text, SCHOOL_INTENTS[intent]))
    return few("university_desk", rows, context)


HR = "CiscoDevNet/mindmeld-blueprints"
HR_FOLDER = "blueprints/hr_assistant/domains"
HR_INTENTS = {
    "date/get_date": "a date about an employee",
    "date/get_date_range_aggregate": "number of employees by date",
    "date/get_date_range_employees": "employees by date",
    "faq/all_topics": "frequently asked question about company policy",
    "general/get_aggregate": "number or share of employees",
    "general/get_employees": "find employees",
    "general/get_info": "information about an employee",
    "hierarchy/get_hierarchy_down": "who an employee manages",
    "hierarchy/get_hierarchy_up": "who an employee's manager is",
    "salary/get_salary": "an employee's salary",
    "salary/get_salary_aggregate": "salary statistics",
    "salary/get_salary_employees": "employees by salary",
}
HR_ENTITY = re.compile(r"\{([^{}|]*)(?:\|[^{}]*)?\}")


@data_set(
    "hr_questions",
    CALIBRATION,
    [(HR, f"{HR_FOLDER}/*/*/{{train,test}}.txt")],
    "Apache 2.0: LICENSE",
    "questions to a staff department's bot to intent, names by hand; entities as their text; greetings, questions without "
    "content and unsupported ones left out",
)
def hr_questions(context):
    rows = []
    for intent, label in HR_INTENTS.items():
        for part in ("train", "test"):
            for line in lines(context.repositories.text(HR, f"{HR_FOLDER}/{intent}/{part}.txt")):
                while HR_ENTITY.search(line):
                    line = HR_ENTITY.sub(r"\1", line)
                rows.append((line, label))
    return few("hr_questions", rows, context)


CLAUSES = "HazyResearch/legalbench"
CLAUSE_NAMES = {
    "affiliate license-licensee": "license for the licensee's affiliates",
    "affiliate license-licensor": "license of the licensor's affiliates' property",
    "ip ownership assignment": "assignment of intellectual property",
    "joint ip ownership": "joint ownership of intellectual property",
    "most favored nation": "most favored nation terms",
    "no-solicit of customers": "no solicitation of customers",
    "no-solicit of employees": "no solicitation of employees",
    "revenue-profit sharing": "revenue or profit sharing",
    "rofr-rofo-rofn": "right of first refusal, offer or negotiation",
    "unlimited-all-you-can-eat license": "unlimited license",
    "unlimited-all-you-can-eat-license": "unlimited license",
}


@data_set(
    "contract_clauses",
    CALIBRATION,
    [(CLAUSES, "tasks/cuad_*/train.tsv")],
    "CC BY 4.0: README.md of each task (Contract Understanding Atticus Dataset)",
    "clauses marked Yes to the task, whose name is the label, some by hand",
)
def contract_clauses(context):
    rows = []
    for path in context.repositories.files(CLAUSES, "tasks", "train.tsv"):
        if path.startswith("tasks/cuad_"):
            name = path.split("/")[1].removeprefix("cuad_").replace("_", " ")
            for row in rows_of(context.repositories.text(CLAUSES, path), delimiter="\t"):
                if row["answer"] == "Yes":
                    rows.append((row["text"], CLAUSE_NAMES.get(name, name)))
    return few("contract_clauses", rows, context)


TRADES = ("codeforamerica/naics-api", "data/naics-2012.json")


@data_set(
    "industries",
    CALIBRATION,
    [TRADES],
    "BSD 3-Clause: LICENSE.md; the classification is by the US Census Bureau, public domain",
    "first paragraph of a six-digit industry's description to the title of its three-digit subsector",
)
def industries(context):
    items = json.loads(context.repositories.text(*TRADES))["items"]
    titles = {str(item["code"]): item["title"] for item in items if "title" in item}
    rows = []
    for item in items:
        description = (item.get("description") or [""])[0]
        if len(str(item["code"])) == 6 and not re.match(r"see industry", description, re.IGNORECASE):
            rows.append((description, titles[str(item["code"])[:3]]))
    return few("industries", rows, context)
