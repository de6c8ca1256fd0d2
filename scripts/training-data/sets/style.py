"""Sets of the family style: sarcasm, clickbait, spam, reading level, subjective or objective."""

import json
import random
import re

from registry import data_set
from sampling import (
    balance,
    labelled,
    pass_over,
    prepare,
    shuffled,
    versions,
)
from sets import emotion, reviews
from tables import lines, lists_of, rows_of, zip_texts

MUSTARD = ("soujanyaporia/MUStARD", "data/sarcasm_data.json")


def dialogues(context):
    """Dialogues with speakers, the last line and whether it is sarcastic."""
    return json.loads(context.repositories.text(*MUSTARD)).values()


def sarcasm_dialogue(context):
    """(last two lines before and the utterance, whether it is sarcastic)."""
    for scene in dialogues(context):
        said = list(zip(scene["context_speakers"], scene["context"]))[-2:]
        before = " ".join(f"{speaker.title()}: {line}" for speaker, line in said)
        yield f"{before} {scene['speaker'].title()}: {scene['utterance']}", scene["sarcasm"]


def sarcasm(context):
    """(tweet, utterance or the author's own plain words, whether it is sarcastic)."""
    rows = [(scene["utterance"], scene["sarcasm"]) for scene in dialogues(context)]
    plain = []
    for row in rows_of(context.repositories.text("iabufarha/iSarcasmEval", "train/train.En.csv")):
        rows.append((row["tweet"], row["sarcastic"] == "1"))
        if row["sarcastic"] == "1" and row["rephrase"]:
            plain.append((row["rephrase"], False))
    for row in rows_of(context.repositories.text("iabufarha/iSarcasmEval", "test/task_A_En_test.csv")):
        rows.append((row["text"], row["sarcastic"] == "1"))
    draw = random.Random(11)
    pass_over(draw, [10_684, 3_500, 7_421, 4_500])
    draw.shuffle(plain)
    return rows + plain[: len(plain) // 2]


def sarcasm_arabic(context):
    """(text or the author's own plain words, whether it is sarcastic)."""
    for table in context.texts("sarcasm_arabic"):
        for row in rows_of(table):
            text = row.get("text") or row.get("tweet")
            yield text, row["sarcastic"] == "1"
            if row["sarcastic"] == "1" and row.get("rephrase") and len(text) % 3 == 0:
                yield row["rephrase"], False


def clickbait(context):
    """(headline, 1 clickbait or 0)."""
    for key, text in enumerate(context.texts("clickbait")):
        yield from ((line, 1 - key) for line in lines(text) if line.strip())


def youtube_spam(context):
    """(comment, spam or ham); the first table has no head, and commas in its comments."""
    first, second = context.texts("youtube_spam")
    for row in lists_of(first):
        if len(row) >= 2:
            yield ",".join(row[1:]), row[0].strip()
    for row in rows_of(second):
        yield row["CONTENT"], "spam" if row["CLASS"] == "1" else "ham"


def reading_level(context):
    """(paragraph, level of its text), up to three of a text."""
    repository = "nishkalavallabhi/OneStopEnglishCorpus"
    for level in ("Adv", "Int", "Ele"):
        folder = f"Texts-SeparatedByReadingLevel/{level}-Txt/"
        paths = [path for path in context.repositories.files(repository, folder) if "/" not in path.removeprefix(folder)]
        for path, text in context.repositories.texts(repository, paths):
            paragraphs = [part.strip() for part in text.split("\n") if len(part.strip()) > 150]
            yield from ((paragraph, level) for paragraph in shuffled(paragraphs, path.removeprefix(folder))[:3])


SUBJECTIVE = [
    {1: "subjective", 0: "objective"},
    {1: "subjective opinion", 0: "objective description"},
    {1: "opinion", 0: "fact"},
    {1: "personal view of the writer", 0: "plain description of the story or the facts"},
]
JUDGEMENT = re.compile(
    "review|acclaim|prais|critic|gross|box office|award|Academy|best|success|fail|popular|consider|well.received|cult|poll|regard",
    re.IGNORECASE,
)
PLOT = re.compile(r"\b(follows|tells|who|whose|when|after|story|centers|revolves|he|she|they|his|her|their)\b")
MAKING = re.compile(r"\b(directed|produced|starring|released|distributed|film)\b")


def film_sentences(context):
    """Sentences of 40 to 320 characters of Wikipedia's articles on films, without those that judge."""
    for decade in range(1930, 2030, 10):
        films = json.loads(context.repositories.text("prust/wikipedia-movie-data", f"movies-{decade}s.json"))
        for film in films:
            for sentence in re.split(r'(?<=[a-z0-9)][.!?])\s+(?=[A-Z"])', film.get("extract") or ""):
                sentence = sentence.strip()
                if 40 <= len(sentence) <= 320 and not JUDGEMENT.search(sentence):
                    yield sentence


def product_opinions(context):
    """Sentences of the customer reviews in nltk_data whose feature marks all have one sign."""
    for number in (1, 2):
        archive = context.repositories.read("nltk/nltk_data", f"packages/corpora/product_reviews_{number}.zip")
        for name, text in zip_texts(archive):
            for line in lines(text) if "README" not in name else []:
                marks, _, sentence = line.partition("##")
                if sentence and len(set(re.findall(r"\[([+-])\d?\]", marks))) == 1:
                    sentence = re.sub(r"\s+('s|'re|'ve|'m|'d|'ll|n't)\b", r"\1", sentence)
                    yield re.sub(r"\s+([.,!?;:])", r"\1", sentence)


@data_set(
    "film_subjectivity",
    "style",
    [
        ("prust/wikipedia-movie-data", "movies-{1930s..2020s}.json (objective)"),
        ("varunchitale/SentimentAnalysis", "{imdb,amazon_cells,yelp}_labelled.txt and the sentences of dynasent (subjective)"),
    ],
    "MIT: LICENSE of prust/wikipedia-movie-data, extracts from Wikipedia CC BY-SA; the others as their own sets",
    "sentences of film articles, mostly about the plot, against opinion sentences of reviews; label by source, not by "
    "annotation. The draw was made with customer reviews of nltk_data, which are then replaced by DynaSent",
)
def film_subjectivity(context):
    sentences = [(sentence, 0) for sentence in film_sentences(context)]
    draw = random.Random(71)
    draw.shuffle(sentences)
    plot = [row for row in sentences if PLOT.search(row[0]) and not MAKING.search(row[0])]
    plots = set(plot)
    rest = [row for row in sentences if row not in plots][:1200]
    opinions = [(sentence, 1) for sentence in product_opinions(context) if len(sentence) > 25]
    draw.shuffle(opinions)
    subjective = [(text, 1) for text, _ in reviews.signs(context)] + opinions[:1600]
    plot = prepare(plot, context.evaluation)[: len(subjective) - 1200]
    rows = balance(prepare(subjective + plot + rest, context.evaluation), 8000, 71, ratio=1.15)
    return without_product_opinions(context, versions("film_subjectivity_v", rows, SUBJECTIVE, 72))


def without_product_opinions(context, files):
    """The files with DynaSent sentences in place of the subjective sentences that are not of the review sentences."""
    allowed = {text for text, _ in reviews.signs(context)}
    neutral = {"neutral", "no opinion", "the reviewer only states facts", "neither good nor bad"}
    spare = [row["text"] for rows in context.made("dynasent").values() for row in rows if row["labels"][0] not in neutral]
    random.Random(5).shuffle(spare)
    used, replaced = 0, {}
    for number, (file, rows) in enumerate(files.items()):
        wording = SUBJECTIVE[number]
        kept = [row for row in rows if row["labels"] == [wording[0]] or row["text"] in allowed]
        objective = sum(row["labels"] == [wording[0]] for row in kept)
        missing = 2 * objective - len(kept)
        fill = [labelled(text, [wording[1]]) for text in spare[used : used + missing]]
        used += missing
        replaced[file] = shuffled(kept + fill, number + 1)
    return replaced


def subjectivity_mix(context):
    """(text, 1 subjective or 0 objective) by source."""
    draw = random.Random(81)
    comments = [(text, 1) for text, emotions in emotion.comments(context) if "neutral" not in emotions and len(text) > 25 and "?" not in text]
    draw.shuffle(comments)
    rows = [(text, 1) for text, _ in reviews.signs(context)] + comments[:2300]
    for name in ("fewrel_relations", "debian_packages", "onet_occupations", "hs_goods", "software_catalogues"):
        texts = [row["text"] for row in context.at_hand(name)]
        draw.shuffle(texts)
        texts = [re.sub(r"\s*\[[^\[\]]* – [^\[\]]*\]\s*$", "", text) for text in texts]
        rows += [(text, 0) for text in texts if 25 <= len(text) <= 400][:1050]
    return rows


COMMENTS = "AGalassi/StructurePrediction18"


def comment_proposition_kind(context):
    """(proposition, its kind)."""
    paths = context.repositories.files(COMMENTS, "Datasets/cdcp_ACL17/", ".ann.json")
    comments = context.repositories.texts(COMMENTS, [path.replace(".ann.json", ".txt") for path in paths])
    for (_, notes), (_, text) in zip(context.repositories.texts(COMMENTS, paths), comments):
        notes = json.loads(notes)
        for (start, end), kind in zip(notes["prop_offsets"], notes["prop_labels"]):
            yield text[start:end].strip(), kind
