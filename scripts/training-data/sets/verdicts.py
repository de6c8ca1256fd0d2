"""A set of the family sentiment that is made by rule from lists: verdicts on films, books, games, meals and things, with negation and contrast."""

import random

from registry import data_set
from sampling import prepare, versions

# What is judged, by domain: names of the thing; its parts; adjectives of praise and of blame that fit it.
DOMAINS = {
    "film": {
        "things": "film,movie,drama,comedy,thriller,documentary,sequel,picture,adaptation,debut,romance,satire,biopic,fantasy,western,remake",
        "parts": "the script,the acting,the plot,the cast,the direction,the dialogue,the ending,the score,the pacing,the leading man,the heroine,"
        "the photography,the second half,the humor,the story,the villain,the editing,the premise",
        "praise": "moving,gripping,tender,witty,inventive,charming,funny,touching,thoughtful,riveting,graceful,hilarious,wise,daring,stylish,"
        "heartfelt,luminous,absorbing,sharp,clever,warm,exhilarating,honest,haunting,fresh,lovely,brilliant,poignant,delightful,subtle",
        "blame": "dull,clumsy,tedious,predictable,shallow,lifeless,muddled,preachy,bland,contrived,silly,hollow,sluggish,forced,stale,incoherent,"
        "pretentious,flat,overlong,unfunny,lazy,sappy,forgettable,murky,labored,grating,pointless,derivative,dreary,charmless",
    },
    "book": {
        "things": "novel,book,memoir,travelogue,biography,poem,essay,mystery,debut novel,guide",
        "parts": "the prose,the plot,the characters,the first chapters,the ending,the argument,the dialogue,the narrator,the research",
        "praise": "gripping,elegant,moving,vivid,wise,rich,funny,lucid,original,beautifully written,thought-provoking,hard to put down,humane",
        "blame": "dry,clumsy,repetitive,confusing,thin,pompous,badly edited,hard to finish,lifeless,shallow,cliched,tiresome,overwritten",
    },
    "game or music": {
        "things": "game,album,song,record,concert,show,episode,musical,level,expansion,single",
        "parts": "the melody,the combat,the controls,the singing,the production,the lyrics,the story,the graphics,the music,the first hour,the finale",
        "praise": "addictive,catchy,polished,inventive,fun,rewarding,soulful,exciting,rich,smooth,beautiful,unforgettable,energetic,tight",
        "blame": "buggy,repetitive,uninspired,boring,broken,frustrating,soulless,unfinished,generic,noisy,laggy,overproduced,monotonous",
    },
    "place": {
        "things": "restaurant,hotel,cafe,bar,museum,tour,spa,campsite,bakery,theatre,gym,salon",
        "parts": "the food,the staff,the service,the room,the view,the breakfast,the atmosphere,the price,the location,the menu,the bed",
        "praise": "friendly,delicious,spotless,cosy,attentive,excellent,welcoming,generous,charming,relaxing,superb,fresh,helpful",
        "blame": "rude,greasy,dirty,overpriced,slow,noisy,cramped,bland,shabby,disappointing,cold,careless,unhelpful,tired",
    },
    "product": {
        "things": "phone,laptop,jacket,vacuum cleaner,app,camera,mattress,blender,backpack,headset,course,keyboard,watch",
        "parts": "the battery,the screen,the fit,the support,the build quality,the sound,the software,the instructions,the price,the design",
        "praise": "reliable,sturdy,comfortable,elegant,easy to use,excellent,fast,well made,handy,durable,accurate",
        "blame": "flimsy,unreliable,uncomfortable,slow,cheaply made,useless,overpriced,defective,fiddly,misleading,noisy,awkward",
    },
}
DEGREES = ",,,,very,deeply,surprisingly,truly,thoroughly,remarkably,rather,consistently,wonderfully,often".split(",")
BAD_DEGREES = ",,,,very,terribly,painfully,hopelessly,so,numbingly,rather,consistently,depressingly,just plain".split(",")
# Things said of the whole, in the third person after "it": praise, then blame.
GOOD_CLAIMS = """it stays with you long after
it never wastes a minute
it gets everything right
it earns every one of its laughs
it left me smiling
it is worth the trouble
it rewards patience
it has more ideas than ten others of its kind
it works on every level
it knows exactly what it is doing
it has a heart and a brain
it makes you care
it sneaks up on you
it hits all the right notes
it held me to the end
it is a small triumph
it is a pleasure from start to finish
it deserves to be seen
it could not be better
it is hard to resist
it does what few others dare
it has charm to spare
it is as good as they say
it breathes new life into an old form
it delivers on its promise
it is the real thing
it won me over
it is easy to love
it surprised me in the best way
it lingers in the mind""".splitlines()
BAD_CLAIMS = """it wore me out
it goes nowhere
it runs out of ideas early
it mistakes noise for excitement
it left me cold
it is a waste of time and money
it falls apart in the end
it never comes to life
it thinks it is cleverer than it is
it could have used another draft
it has nothing to say
it drowns in its own cleverness
it tests your patience
it is all surface
it settles for the obvious
it does not add up
it insults your intelligence
it is twice as long as it needs to be
it collapses under its own weight
it never finds its feet
it squanders a good idea
it feels like homework
it is the same old thing again
it tries too hard
it is less than the sum of its parts
it might have worked twenty years ago
it makes you wish for the end
it plays like a first attempt
it misses the mark
it promises much and gives little""".splitlines()
# Frames by verdict. {g} praise, {g2} other praise, {b} blame, {b2} other blame (with a degree now and then); {t} thing, {p} part, {G} and {B} claims.
GOOD_FRAMES = """a {g} , {g2} {t}
a {g} and {g2} {t}
{p} is {g} and {p2} is {g2}
one of the most {g} {t}s of the year
{G}
a {g} {t} , and {G}
{p} is {g} , {G}
never {b} , always {g}
this {t} is anything but {b}
far from {b} , this {t} is {g}
not for a moment is it {b}
there is nothing {b} about {p}
it is impossible not to like this {t}
i expected something {b} and got something {g}
it could have been {b} , but {p} makes it {g}
{p} may be {b} , but {G}
despite {p} , which is {b} , {G}
for all its faults , {G}
even where {p} is {b} , {p2} is {g}
it starts out {b} , then becomes {g}
{B} at first , but stay with it : {G}
neither {b} nor {b2} , simply {g}
who would have thought a {t} like this could be so {g} ?
you will not find a more {g} {t}
i could not find anything {b} in it
{p} alone is worth the price
what might have been {b} turns out {g}
more {g} than {g2} , and none the worse for it
a {t} with {p} this {g} comes along once in a decade
a {t} that dares to be {g}
{g} without ever being {b}
no {t} has any right to be this {g}
less {b} than the last one and twice as {g}
slight , perhaps , but {g}
it is a bit {b} in places . {G} , though
if only more {t}s were so {g}""".splitlines()
BAD_FRAMES = """a {b} , {b2} {t}
a {b} and {b2} {t}
{p} is {b} and {p2} is {b2}
one of the most {b} {t}s of the year
{B}
a {b} {t} , and {B}
{p} is {b} , {B}
never {g} , always {b}
this {t} is anything but {g}
far from {g} , this {t} is {b}
not for a moment is it {g}
there is nothing {g} about {p}
it is hard to find a reason to like this {t}
i expected something {g} and got something {b}
it could have been {g} , but {p} makes it {b}
{p} may be {g} , but {B}
despite {p} , which is {g} , {B}
for all its charms , {B}
even where {p} is {g} , {p2} is {b}
it starts out {g} , then becomes {b}
{G} at first , but not for long : {B}
neither {g} nor {g2} , simply {b}
who would have thought a {t} like this could be so {b} ?
you will not find a more {b} {t}
i could not find anything {g} in it
{p} alone should warn you off
what might have been {g} turns out {b}
more {b} than {g} , and there is the trouble
a {t} that wants to be {g} and is only {b}
a {t} that mistakes being {b} for being {g}
{b} without ever being {g}
this {t} has no business being this {b}
less {g} than the last one and twice as {b}
pretty to look at , perhaps , but {b}
it is quite {g} in places . {B} , though
if only it were half as {g} as it thinks it is
too {b} to be {g} , too {b2} to be fun
the {t} is about as {g} as a tax form
there must be a {g} {t} somewhere in this {b} mess
would have been better had {p} been less {b}""".splitlines()
NAMES = {1: "positive", -1: "negative"}
WORDINGS = [
    NAMES,
    {1: "positive review", -1: "negative review"},
    {1: "praise", -1: "criticism"},
    {1: "the writer liked it", -1: "the writer did not like it"},
    {1: "a favourable opinion", -1: "an unfavourable opinion"},
]


def strengthened(draw, word, degrees):
    """A word with a degree now and then."""
    degree = draw.choice(degrees) if draw.random() < 0.4 else ""
    return f"{degree} {word}".strip()


def verdict(draw, sign):
    """One sentence that praises (sign 1) or blames."""
    domain = DOMAINS[draw.choice(["film", "film", "film", *DOMAINS])]
    good, good2 = draw.sample(domain["praise"].split(","), 2)
    bad, bad2 = draw.sample(domain["blame"].split(","), 2)
    part, part2 = draw.sample(domain["parts"].split(","), 2)
    slots = {
        "is {g}": f"is {strengthened(draw, good, DEGREES)}",
        "is {b}": f"is {strengthened(draw, bad, BAD_DEGREES)}",
        "{g}": good,
        "{g2}": good2,
        "{b}": bad,
        "{b2}": bad2,
        "{t}": draw.choice(domain["things"].split(",")),
        "{p2}": part2,
        "{p}": part,
        "{G}": draw.choice(GOOD_CLAIMS),
        "{B}": draw.choice(BAD_CLAIMS),
    }
    text = draw.choice(GOOD_FRAMES if sign > 0 else BAD_FRAMES)
    for slot, filling in slots.items():
        text = text.replace(slot, filling)
    for vowel in "aeiou":
        text = text.replace(f" a {vowel}", f" an {vowel}")
        text = f"an {text[2:]}" if text.startswith(f"a {vowel}") else text
    return text if draw.random() < 0.5 else tidied(text)


def tidied(text):
    """The sentence as people write it: capital letter, full stop, no space before a comma."""
    text = text[0].upper() + text[1:].replace(" ,", ",").replace(" .", ".").replace(" :", ":")
    return text if text.endswith("?") else f"{text}."


@data_set(
    "verdicts",
    "sentiment",
    [],
    "Apache 2.0, as this project",
    "frames of praise and blame with adjectives, negated and set against each other, on films (more than half), books, games, music, places "
    "and products",
)
def verdicts(context):
    draw = random.Random(501)
    rows = [(verdict(draw, sign), sign) for _ in range(5000) for sign in (1, -1)]
    return versions("verdicts_v", prepare(rows, context.evaluation), WORDINGS, 502)
