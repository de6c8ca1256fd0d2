"""Sets of the family sentiment: reviews of customers and players, and posts of developers."""

import json

from registry import data_set
from sampling import balance, prepare, versions
from sets.sentiment import NAMED
from tables import json_lines, lists_of, rows_of, zip_texts
from texts import words

FOOD_FIRST = ("Chitresh62001/Sentiment-Analysis-using-NLTK", "Reviews.csv")
FOOD_SECOND = ("FadlyHaikal/ReviewDataset", "Reviews.csv")


def starred(table, stars, headline, review):
    """
    (text, 1 positive or -1 negative) of a CSV text with these columns: headlines of at least three words, and reviews of at most
    500 characters.
    """
    for row in rows_of(table):
        sign = {"5": 1, "2": -1, "1": -1}.get(row[stars])
        if sign and len(words(row[headline] or "")) >= 3:
            yield row[headline], sign
        if sign and len(row[review] or "") <= 500:
            yield row[review], sign


@data_set(
    "food_reviews",
    "sentiment",
    [FOOD_FIRST, FOOD_SECOND],
    "CC0 1.0: Kaggle page snap/amazon-fine-food-reviews of the Stanford Network Analysis Project, quoted in "
    "src/test/resources/amazon_fine_food_reviews_README.txt of nking/two-point-correlation; the repositories with these copies "
    "state none",
    "5 stars positive, 1 and 2 stars negative; headline and text of a review apart",
)
def food_reviews(context):
    tables = [context.repositories.text(*source) for source in (FOOD_FIRST, FOOD_SECOND)]
    rows = [row for table in tables for row in starred(table, "Score", "Summary", "Text")]
    rows = balance(prepare(rows, context.evaluation), 8000, 301, ratio=1)
    wordings = [
        {1: "positive", -1: "negative"},
        {1: "positive review", -1: "negative review"},
        {1: "praise", -1: "complaint"},
        {1: "the customer likes the product", -1: "the customer dislikes the product"},
    ]
    return versions("food_reviews_v", rows, wordings, 302)


CLOTHES = ("ftadithyan/CLOTHING_E_COMMERCE_AUTOMATED_REVIEW_SYSTEM", "DATASET/Womens Clothing E-Commerce Reviews.csv.zip")


@data_set(
    "clothing_reviews",
    "sentiment",
    [CLOTHES],
    "CC0 1.0: Kaggle page nicapotato/womens-ecommerce-clothing-reviews, quoted in datasetcard.md of "
    "MLOps-essi-upc/TAED2-clothing-reviews; the repository with this copy states none",
    "5 stars positive, 1 and 2 stars negative; headline and text of a review apart",
)
def clothing_reviews(context):
    tables = zip_texts(context.repositories.read(*CLOTHES), ending=".csv")
    rows = [row for _, table in tables for row in starred(table, "Rating", "Title", "Review Text")]
    rows = balance(prepare(rows, context.evaluation), 6000, 351, ratio=1)
    wordings = [
        {1: "positive", -1: "negative"},
        {1: "positive review", -1: "negative review"},
        {1: "happy customer", -1: "disappointed customer"},
        {1: "the writer recommends it", -1: "the writer advises against it"},
    ]
    return versions("clothing_reviews_v", rows, wordings, 352)


STEAM = "ilos-vigil/steam-review-aspect-dataset"
FOOTBALL_MANAGER = ("mulhod/steam_reviews", "data/Football_Manager_2015.jsonlines")


def game_rows(context):
    """(text, whether the player recommends the game)."""
    for part in ("train", "test"):
        for row in json.loads(context.repositories.text(STEAM, f"dataset/v1/{part}.json")):
            yield row["cleaned_review"], row["label_recommended"] == 1
    for row in json_lines(context.repositories.text(*FOOTBALL_MANAGER)):
        yield row["review"], row["rating"] == "Recommended"


@data_set(
    "game_reviews",
    "sentiment",
    [(STEAM, "dataset/v1/{train,test}.json"), FOOTBALL_MANAGER],
    "CC BY 4.0: README.md of steam-review-aspect-dataset; MIT: LICENSE of steam_reviews",
    "whether the player recommends the game; reviews of at most 800 characters",
)
def game_reviews(context):
    rows = balance(prepare(game_rows(context), context.evaluation, shortest=15, longest=800), 3000, 311, ratio=1.2)
    wordings = [
        {True: "positive", False: "negative"},
        {True: "positive review", False: "negative review"},
        {True: "the player recommends the game", False: "the player does not recommend the game"},
    ]
    return versions("game_reviews_v", rows, wordings, 312)


POSTS = "collab-uniba/Senti4SD"
POST_FILES = "Senti4SD_GoldStandard_and_DSM/Senti4SD_Train_Test_Partitions"


@data_set(
    "developer_posts",
    "sentiment",
    [(POSTS, f"{POST_FILES}/{{train3098,test1326}}itemPOLARITY.csv")],
    "MIT: LICENSE; posts of Stack Overflow CC BY-SA",
    "polarity of the feeling in a post: positive, negative, neutral",
)
def developer_posts(context):
    rows = []
    for part in ("train3098", "test1326"):
        table = lists_of(context.repositories.text(POSTS, f"{POST_FILES}/{part}itemPOLARITY.csv"), delimiter=";")
        rows += [(row[2], row[1]) for row in table if len(row) == 3 and row[1] in NAMED]
    rows = balance(prepare(rows, context.evaluation), 4500, 331, ratio=1.3)
    wordings = [
        NAMED,
        {"positive": "pleased or thankful", "negative": "annoyed or disappointed", "neutral": "matter-of-fact"},
    ]
    return versions("developer_posts_v", rows, wordings, 332)
