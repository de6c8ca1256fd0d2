"""Sets of the families topics and things: abstracts in economics, traded goods."""

import bz2
import collections
import html
import re

from registry import data_set
from sampling import sample
from tables import rows_of

BASE = "cbroschinski/MALIS-21-Master_Thesis"
FREE = {"CC-BY", "CC-BY-SA", "CC0"}
JEL = {
    "D1": "household behaviour", "D2": "production and firms", "D4": "market structure and pricing", "D7": "collective decision making and voting",
    "D8": "information and uncertainty", "E2": "consumption, saving and investment", "E3": "inflation and business cycles",
    "E4": "money and interest rates", "E5": "monetary policy and central banks", "E6": "macroeconomic policy", "F1": "international trade",
    "F2": "foreign investment and migration of capital", "F3": "international finance and exchange rates", "F4": "open economy macroeconomics",
    "F5": "international political economy", "F6": "globalisation", "G1": "financial markets and stock prices", "G2": "banks and financial institutions",
    "G3": "corporate finance and governance", "H2": "taxation", "H3": "fiscal policy and behaviour of taxpayers", "H5": "government spending",
    "H6": "government budget and debt", "I1": "health", "I2": "education", "I3": "poverty and welfare", "J1": "population and demography",
    "J2": "labour supply and demand", "J3": "wages", "J5": "trade unions and collective bargaining", "J6": "unemployment and job mobility",
    "K2": "business and regulation law", "L1": "competition and market power", "L2": "firm strategy", "L6": "manufacturing industry",
    "L8": "services industry", "L9": "transport and utilities", "M1": "business administration", "M2": "business economics",
    "M3": "marketing and advertising", "M4": "accounting and auditing", "M5": "personnel management", "N1": "economic history",
    "O1": "economic development", "O2": "development planning and policy", "O3": "innovation and technological change", "O4": "economic growth",
    "P2": "transition economies", "Q1": "agriculture", "Q2": "renewable resources", "Q4": "energy", "Q5": "environmental economics", "R1": "regional economics",
    "R2": "household location and housing demand", "R3": "real estate", "R4": "transport economics", "Z3": "tourism",
}  # fmt: skip


def economics_abstracts(context):
    """(abstract, fields of its JEL codes and keywords that several abstracts have)."""
    records = []
    for path in context.repositories.files(BASE, "data/base_dump", ".bz2"):
        for record in bz2.decompress(context.repositories.read(BASE, path)).decode("utf-8", "replace").split("<record>")[1:]:
            if FREE & set(values(record, "base_dc:rightsnorm")) and values(record, "base_dc:lang") == ["eng"]:
                records.append(record)
    rows = []
    for record in records:
        subjects = values(record, "dc:subject")
        fields_of = [JEL[code[:2]] for code in subjects if re.fullmatch(r"[A-Z]\d\d?", code) and code[:2] in JEL]
        economic = any(number.startswith(("33", "65")) for number in values(record, "base_dc:classcode"))
        text = max(values(record, "dc:description"), key=len, default="")
        if len(text) >= 150 and (fields_of or economic):
            keywords = [word.lower() for word in subjects if re.fullmatch(r"[A-Za-z][a-z]{2,}(?:[ -][A-Za-z][a-z]+){0,3}|SMEs|COVID-19", word)]
            rows.append((text, list(dict.fromkeys(fields_of + keywords))))
    common = collections.Counter(label for _, labels in rows for label in labels)
    kept = set(JEL.values()) | {label for label, count in common.items() if count >= 5}
    rows = [(text, [label for label in labels if label in kept]) for text, labels in rows]
    return [(text, labels) for text, labels in rows if labels]


def values(record, tag):
    """The contents of a tag in a record of XML."""
    return [html.unescape(found) for found in re.findall(rf"<{tag}(?: [^>]*)?>([^<]*)<", record)]


GOODS = "datasets/harmonized-system"
# Chapters of the Harmonized System by number; a dash where the chapter says nothing.
CHAPTERS = """live animals; meat; fish and seafood; dairy products and eggs; animal products; plants and flowers; vegetables; fruit and nuts; coffee, tea and
spices; cereals; flour and milling products; oil seeds; gums and plant extracts; -; vegetable oils and fats; preserved meat and fish; sugar; cocoa and chocolate;
bakery products and pasta; preserved fruit and vegetables; -; beverages; animal feed; tobacco; salt, stone and cement; metal ores; oil, gas and coal; inorganic chemicals;
organic chemicals; medicines; fertilizers; dyes and paints; perfume and cosmetics; soap and cleaning products; glue and starch; explosives; photographic goods; -;
plastics; rubber; hides and leather; leather goods; furs; wood; cork; basketwork; wood pulp; paper; books and printed matter; silk; wool; cotton; plant fibres; synthetic
filaments; synthetic fibres; ropes, felt and yarn; carpets; lace and embroidery; coated textiles; knitted fabrics; knitted clothing; woven clothing; household textiles;
shoes; hats; umbrellas; feathers; stone and plaster goods; ceramics; glass; gold, silver and jewels; iron and steel; iron and steel goods; copper; nickel;
aluminium; -; lead; zinc; tin; other metals; tools and cutlery; -; machinery; electrical equipment; railway vehicles; cars and road vehicles; aircraft; ships and
boats; instruments and optics; clocks and watches; musical instruments; weapons; furniture and lamps; toys and sports goods; -; works of art"""


@data_set(
    "traded_goods",
    "things",
    [(GOODS, "data/harmonized-system.csv")],
    'ODC PDDL: README.md ("All data is licensed under the ODC Public Domain Dedication and Licence (PDDL)")',
    "descriptions of goods in the Harmonized System to their chapter, names by hand; at most 60 a chapter; not_labels are chapters of the same section",
)
def traded_goods(context):
    names = dict(enumerate((name.strip() for name in re.sub(r"\s+", " ", CHAPTERS).split(";")), 1))
    sections, rows = collections.defaultdict(set), []
    for row in rows_of(context.repositories.text(GOODS, "data/harmonized-system.csv", "utf-8-sig")):
        if row["hscode"][:2].isdigit() and names.get(int(row["hscode"][:2]), "-") != "-":
            name = names[int(row["hscode"][:2])]
            sections[row["section"]].add(name)
            if len(row["hscode"]) > 2:
                rows.append((row["description"], name))
    siblings = {name: sorted(others - {name}) for others in sections.values() for name in others}
    return sample("traded_goods", rows, [{name: name for name in siblings}], context.evaluation, per_class=60, siblings=siblings, negatives=4)
