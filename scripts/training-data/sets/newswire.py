"""News headlines of a news aggregator, of the family topics."""

import collections
import random
import re

from tables import fields
from texts import squash

# Folders in the addresses of the news, by what they say.
FOLDERS = {
    "world": "world world-news worldnews world_news international asia europe africa americas asia-pacific middle-east",
    "politics": "politics congress elections",
    "sports": "sports sport football soccer nfl nba tennis golf basketball baseball wwe",
    "science": "science space environment astronomy earth-matters climate",
    "technology": "technology tech mobile mobiles gadgets internet software gaming games tech-news technology-22 mobile-phones",
    "business": "business money markets economy companies business-news finance investing industries earnings stock commodities "
    "forex-news banking-finance report-on-business biz",
    "entertainment": "entertainment movies music tv celebrity celebrity-news showbiz gossip film television arts culture hollywood",
    "health": "health medicine wellness health-news",
    "cars": "cars autos motoring automotive",
}
FOLDER_SECTION = {folder: section for section, folders in FOLDERS.items() for folder in folders.split()}

NO_HEADLINE = re.compile(
    r"\.\.\.|…|\b(?:digest|briefs?|roundup|round-up|top news|top stories|posted by|headlines|updated?|watch|video|photos?|"
    r"a\.m\.|p\.m\.|20\d\d, \d|live blog|poll|podcast|press releases?)\b|[|<>\[\]{}\\]|^\W*\d+\W*\w*$",
    re.IGNORECASE,
)

Headline = collections.namedtuple("Headline", "title category story folders")


def headlines(context):
    """Whole headlines of five words or more, each once, shuffled."""
    return context.once("aggregator headlines", _headlines)


def _headlines(context):
    seen, found = set(), []
    for text in context.texts("headline_sections"):
        for row in fields(text):
            if len(row) != 8 or row[4] not in "btem":
                continue
            title = re.sub(r"\s+-\s+[A-Z][\w.' ]{2,25}$", "", row[1].strip().strip('"').strip())
            path = re.sub(r"^https?://[^/]*/?", "", row[2].lower()).split("/")[:-1]
            folders = frozenset([folder for folder in path if folder and not folder.isdigit()][:4])
            if len(title.split()) < 5 or NO_HEADLINE.search(title) or squash(title) in seen:
                continue
            seen.add(squash(title))
            found.append(Headline(title, row[4], (row[5], row[4]), folders))
    random.Random(11).shuffle(found)
    return found


def votes(context):
    """{story: how many of its headlines have an address with a folder of each section}."""
    return context.once("aggregator votes", _votes)


def _votes(context):
    counted = collections.defaultdict(collections.Counter)
    for headline in headlines(context):
        counted[headline.story].update({FOLDER_SECTION[folder] for folder in headline.folders if folder in FOLDER_SECTION})
    return counted


def section_of(category, found):
    """
    A story's section: the aggregator's own (b, t, e, m), where the addresses agree with it; "b" is parted into business
    and world news, "t" into technology and science. None where the addresses say something else or nothing.
    """
    if not found:
        return None
    most = max(found.values())
    if category == "b":
        if found["world"] >= 4 and found["world"] > 3 * max(found["business"], found["politics"], found["health"]):
            return "world"
        return "business" if found["business"] == most and found["technology"] * 2 <= most else None
    if category == "t":
        if found["science"] >= 2 and found["science"] > max(found["technology"], found["business"]):
            return "science"
        company = found["business"] <= 2 * found["technology"] and not found["cars"]
        return "technology" if company and found["technology"] >= max(1, found["science"] * 2, found["world"]) else None
    section = {"e": "entertainment", "m": "health"}[category]
    return section if found[section] == most else None


def a_few_of_each_story(rows, most):
    """Of rows (text, key, story) at most so many of a story with a key, as (text, key); most {key: number} or a number."""
    taken, kept = collections.Counter(), []
    for text, key, story in rows:
        if taken[story, key] < (most.get(key, most[""]) if isinstance(most, dict) else most):
            taken[story, key] += 1
            kept.append((text, key))
    return kept


def titles_of(context, *names):
    """The folded titles that these sets hold."""
    return {squash(row["text"]) for name in names for rows in context.made(name).values() for row in rows}


HEAVENS = re.compile(
    r"\b(?:meteors?|moon|lunar|eclipse|NASA|planets?|climate|asteroids?|comets?|space station|Mars|galaxy cluster|fossils?|species|"
    r"scientists?|astronomers?|dinosaurs?|earthquakes?|gas prices)\b",
    re.IGNORECASE,
)
# Folders of another section that do not speak against a headline's section.
ALSO = {"technology": {"business"}, "science": {"technology", "world"}}


def sections(context):
    """(headline, section) of all headlines; None where its own address or its words speak against its story's section."""
    return context.once("aggregator sections", _sections)


def _sections(context):
    found, rows = votes(context), []
    for headline in headlines(context):
        section = section_of(headline.category, found[headline.story])
        own = {FOLDER_SECTION[folder] for folder in headline.folders if folder in FOLDER_SECTION}
        if own and section not in own and not own <= ALSO.get(section, set()):
            section = None
        if section == "technology" and HEAVENS.search(headline.title):
            section = None
        rows.append((headline, section))
    return rows


def headline_sections(context):
    """(headline, section), a few of each story."""
    rows = [(headline.title, section, headline.story) for headline, section in sections(context) if section]
    return a_few_of_each_story(rows, {"world": 20, "science": 6, "": 3})


FIRMS = re.compile(
    r"\b(?:Apple|Google|Microsoft|Facebook|Amazon|Samsung|Twitter|Intel|IBM|Oracle|Yahoo|Netflix|Sony|Nokia|BlackBerry|Tesla|Uber|"
    r"Verizon|AT&T|Alibaba|Cisco|eBay|LinkedIn|Dropbox|Sprint|T-Mobile|HP|Hewlett-Packard|Dell|HTC|WhatsApp|Qualcomm|SAP|Adobe|"
    r"Nvidia|AMD|LG|Lenovo|Motorola|Nintendo|Zynga|SanDisk|Airbnb|PayPal|Comcast|Sharp|Toshiba|Xiaomi|GoPro)\b"
)
MONEY = re.compile(
    r"\b(?:shares?|stocks?|earnings?|profits?|revenues?|sales|loss(?:es)?|IPO|results|investors?|analysts?|quarter(?:ly)?|Q[1-4]|"
    r"billions?|bln|mln|bn|stakes?|merger|takeover|acqui\w+|buys?|buying|bids?|deals?|dividend|CEO|CFO|chief executive|jobs?|layoffs?|"
    r"market cap|valuation|valued|funding|raises?|bonds?|debt|tax(?:es)?|bankruptcy|hedge|settle\w*|rating|upgraded|downgraded|"
    r"price target|outlook|forecast|NASDAQ|NYSE)\b|[$€£]\d+(?:\.\d+)? ?(?:[mb]n?\b|mln|bln|million|billion)",
    re.IGNORECASE,
)


def technology_or_business(context):
    """(headline, technology or business, with " firm" where it names a technology company)."""
    used = titles_of(context, "headline_sections")
    rows = []
    for headline, section in sections(context):
        if section not in ("technology", "business") or squash(headline.title) in used:
            continue
        firm, money = bool(FIRMS.search(headline.title)), bool(MONEY.search(headline.title))
        if (section == "technology" and not money) or (section == "business" and (money or not firm)):
            rows.append((headline.title, section + (" firm" if firm else ""), headline.story))
    return a_few_of_each_story(rows, {"business firm": 8, "": 4})


# Desk: (section of headline_sections, folders); cars: of the aggregator's "b" and "t".
DESKS = {
    "markets": ("business", "markets forex-news daily-forex-fundamentals moneybeat stock commodities commodities-news stocks"),
    "economy": ("business", "economy economics"),
    "companies": ("business", "companies earnings industries banking-finance retail"),
    "energy": ("business", "energy oilandgas"),
    "property": ("business", "real-estate realestate housing property housing-market mortgages"),
    "phones": ("technology", "mobile mobiles mobile-phones smartphones phones"),
    "games": ("technology", "gaming games video-games videogames"),
    "internet": ("technology", "internet software social-media web"),
    "security": ("technology", "security cybersecurity"),
    "science": ("science", "science space astronomy"),
    "environment": ("science", "environment climate global-warming"),
    "cars": ("", "cars autos motoring automotive"),
    "film": ("entertainment", "movies film movie-news movie-guide"),
    "music": ("entertainment", "music music-news"),
    "television": ("entertainment", "tv television tv-news"),
    "stars": ("entertainment", "celebrity-news celebrity gossip celebrities celeb-news showbiz"),
    "books": ("entertainment", "books theater theatre"),
    "fashion": ("entertainment", "fashion"),
    "health": ("health", "health medicine health-news wellness"),
}
DESK_FOLDERS = {desk: (section, frozenset(folders.split())) for desk, (section, folders) in DESKS.items()}


def news_desks(context):
    """(headline, desk) of headlines with folders of one desk."""
    used = titles_of(context, "headline_sections", "technology_or_business")
    rows = []
    for headline, section in sections(context):
        desks = [desk for desk, (wanted, folders) in DESK_FOLDERS.items() if wanted in ("", section) and headline.folders & folders]
        if section == "world":
            desks = ["world"]
        elif desks == ["cars"] and headline.category not in "tb":
            desks = []
        if len(desks) == 1 and squash(headline.title) not in used:
            rows.append((headline.title, desks[0], headline.story))
    return a_few_of_each_story(rows, {"world": 12, "": 4})
