"""Sets of questions: those that lie in the repository, and files that are made here."""

import json
import tempfile
import unittest
from pathlib import Path

from bench.knowledge import markdown, sets
from harness import paths

EXTRACT = paths.CONFORMANCE / "data" / "knowledge"


def squad(*paragraphs):
    data = []
    for text, questions in paragraphs:
        qas = [
            {"question": question, "answers": [{"text": text[:3], "answer_start": 0}]}
            for question in questions
        ]
        data.append({"title": questions[:1], "paragraphs": [{"context": text, "qas": qas}]})
    return json.dumps({"data": data})


class Extract(unittest.TestCase):
    def test_every_answer_stands_where_its_set_says(self):
        found = sets.load(EXTRACT)
        self.assertEqual(set(found.corpora), {"xquad-en", "xquad-ar", "xquad-hi"})
        for task in found.tasks:
            texts = {one.name: one.text for one in found.corpora[task.corpus].documents}
            self.assertEqual((len(texts), len(task.questions)), (20, 60), task.name)
            self.assertFalse(found.is_whole(task))
            for question in task.questions:
                self.assertLessEqual(question.gold, set(texts))
                for answer in question.answers:
                    text = texts[answer.document]
                    self.assertTrue(text.startswith(answer.text, answer.start), question.id)

    def test_questions_across_languages_have_the_documents_of_the_other(self):
        found = {task.name: task for task in sets.load(EXTRACT).tasks}
        english = {one.id: one.gold for one in found["XQuAD en"].questions}
        for name in ("XQuAD ar->en", "XQuAD hi->en"):
            self.assertEqual(found[name].corpus, "xquad-en")
            self.assertEqual({one.id: one.gold for one in found[name].questions}, english)


class Files(unittest.TestCase):
    def load(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = Path(folder, name.replace("__", "/"))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return sets.load(Path(folder))

    def test_the_same_text_is_one_document_and_the_same_question_one_question(self):
        text = squad(("One.", ["a", "b"]), ("Two.", ["b"]), ("One.", ["c"]), ("Three.", []))
        found = self.load(**{"piaf-ml__cnil-squad.json": text})
        corpus, task = found.corpora["cnil"], found.tasks[0]
        self.assertEqual([one.text for one in corpus.documents], ["One.", "Two.", "Three."])
        gold = {one.text: sorted(one.gold) for one in task.questions}
        self.assertEqual(gold, {"a": ["0001.md"], "b": ["0001.md", "0002.md"], "c": ["0001.md"]})
        self.assertEqual(len({one.id for one in task.questions}), 3)

    def test_sheets_without_questions_are_there_to_be_told_apart(self):
        sheets = json.dumps([["F1", "Qui ?", "Un."], ["F2", None, "Deux."], ["F3", " ", "Trois."]])
        found = self.load(**{"piaf-ml__questions_spf.json": sheets})
        self.assertEqual(len(found.corpora["service-public"].documents), 3)
        self.assertEqual([one.text for one in found.tasks[0].questions], ["Qui ?"])

    def test_articles_are_asked_by_their_number(self):
        files = {
            "code-civil__I__Article 1.md": "Article 1\n----\nUn.",
            "code-civil__I__Article 2-1.md": "Article 2-1\n----\nDeux.",
            "code-civil__II__Article préliminaire.md": "Article préliminaire\n----\nTrois.",
        }
        found = self.load(**files)
        questions = {one.text for one in found.tasks[0].questions}
        self.assertEqual(questions, {"article 1 du code civil", "article 2-1 du code civil"})
        self.assertEqual(len(found.corpora["code-civil"].documents), 3)

    def test_a_folder_without_sets_is_refused(self):
        with self.assertRaises(SystemExit):
            self.load(readme="nothing")


class Markdown(unittest.TestCase):
    def test_what_would_mean_something_is_marked(self):
        table = [
            ("plain text.", "plain text.\n"),
            ("one\n\n  two  words\t\n", "one\n\ntwo words\n"),
            ("# no title", "\\# no title\n"),
            ("a *b* _c_ `d` [e](f)", "a \\*b\\* \\_c\\_ \\`d\\` \\[e\\](f)\n"),
            ("<g> &h; i|j ~k~", "\\<g\\> \\&h; i\\|j \\~k\\~\n"),
            ("- item", "\\- item\n"),
            ("+ item", "\\+ item\n"),
            ("2016. A year", "2016\\. A year\n"),
            ("3) third", "3\\) third\n"),
            ("2016 was", "2016 was\n"),
            ("---", "\\---\n"),
            ("===", "\\===\n"),
            ("1er enfant - 2 noms", "1er enfant - 2 noms\n"),
            ("\\", "\\\\\n"),
        ]
        for text, expected in table:
            self.assertEqual(markdown.of_plain(text), expected, text)


if __name__ == "__main__":
    unittest.main()
