"""The manifest of a cohort: everything wrong is told at once, Table 2 is right."""

from __future__ import annotations

import pandas as pd
import pytest

from ssc_core.errors import EmptyError, FormatError, InputError
from ssc_core.phantoms.biopsy import cohort
from ssc_core.skin.scores.characteristics import matching, population, table_two
from ssc_core.skin.scores.cohort_table import read_cohort

HEAD = "biopsy_id,patient_id,slide,status,visit_months,mrss\n"


def written(tmp_path, text, name="m.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_phantoms_manifest_is_read_and_completed(tmp_path):
    table = cohort(6, 3).assign(slide="s.svs", roi="", extra=1.5)
    (tmp_path / "s.svs").write_bytes(b"x")
    table.to_csv(tmp_path / "m.csv", index=False)
    found = read_cohort(tmp_path / "m.csv")
    assert list(found.biopsies["biopsy_id"]) == list(table["biopsy_id"])
    assert found.biopsies["extra"].eq(1.5).all()
    assert not {"slide", "roi"} & set(found.biopsies)
    assert found.sections["slide"].map(lambda p: p.is_absolute()).all()
    assert found.biopsies.loc[found.biopsies["status"] == "control", "mrss"].eq(0).all()


def test_usual_spellings_and_semicolons_are_understood(tmp_path):
    text = "biopsy_id;patient_id;status;sex;subset;mrss\nb1;p1;Patient;female;dcSSc;12\nb2;p2;healthy;m;;\n"
    found = read_cohort(written(tmp_path, text), slides=False).biopsies
    assert list(found["status"]) == ["SSc", "control"]
    assert list(found["sex"]) == ["F", "M"]
    assert found["subset"].iloc[0] == "diffuse"
    assert list(found["mrss"]) == [12.0, 0.0]


def test_all_problems_are_told_at_once(tmp_path):
    text = HEAD + (
        "b1,p1,no.svs,SSc,0,70\n"
        "b1,p1,,SSc,0,10\n"
        "b 2,p2,,ill,0,\n"
        "b3,p3,,control,0,4\n"
        "b4,p1,,control,-6,\n"
        ",p5,,SSc,0,\n"
    )
    with pytest.raises(InputError) as caught:
        read_cohort(written(tmp_path, text), slides=False)
    message = str(caught.value)
    for words in ("line 2: mrss", "line 4: biopsy_id", "line 4: status", "a control has 0 or nothing",
                  "line 6: visit_months", "line 7: biopsy_id is empty"):  # fmt: skip
        assert words in message
    assert "p2" not in caught.value.storable


def test_rows_that_contradict_one_another_are_refused(tmp_path):
    text = HEAD + "b1,p1,,SSc,0,10\nb2,p1,,control,6,0\nb3,p3,,SSc,0,9\nb3,p3,,SSc,0,9\nB1,p4,,SSc,0,9\n"
    with pytest.raises(InputError) as caught:
        read_cohort(written(tmp_path, text), slides=False)
    for words in (
        "patient_id p1 differs in status",
        "biopsy_id b3 section 1 stands in lines 4, 5",
        "capitals",
    ):
        assert words in str(caught.value)


def test_sections_of_a_biopsy_share_its_name_and_have_their_own_features(tmp_path):
    text = "biopsy_id,patient_id,status,section,mrss\nb1,p1,SSc,1,10\nb1,p1,SSc,2,10\nb2,p2,control,1,\n"
    found = read_cohort(written(tmp_path, text), slides=False)
    assert list(found.sections["case_id"]) == ["b1-s1", "b1-s2", "b2"]
    assert list(found.biopsies["biopsy_id"]) == ["b1", "b2"]
    with pytest.raises(InputError, match="b1 differs in mrss"):
        read_cohort(written(tmp_path, text.replace("2,10", "2,11"), "n.csv"), slides=False)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", EmptyError, "empty"),
        (HEAD.encode(), EmptyError, "lists no biopsy"),
        (b"a,b\n1,2\n", InputError, "has no column biopsy_id, patient_id, status"),
        (b"\xff\xfe\x00bad", FormatError, "not UTF-8"),
        (b"biopsy_id\0,patient_id\n", FormatError, "not a text file"),
    ],
)
def test_files_that_are_no_manifest(tmp_path, content, error, words):
    path = tmp_path / "m.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        read_cohort(path, slides=False)


def test_a_missing_manifest_or_slide_column_is_named(tmp_path):
    with pytest.raises(InputError, match="no such manifest"):
        read_cohort(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no column slide"):
        read_cohort(written(tmp_path, "biopsy_id,patient_id,status\nb,p,SSc\n"))


def test_two_biopsies_at_one_visit_are_flagged(tmp_path):
    text = HEAD + "b1,p1,,SSc,0,10\nb2,p1,,SSc,0,10\n"
    found = read_cohort(written(tmp_path, text), slides=False)
    assert any("share patient and visit" in f for f in found.flags)


def test_table_two_describes_people_at_their_first_biopsy():
    table = pd.DataFrame({
        "biopsy_id": list("abcde"), "patient_id": ["p", "p", "q", "r", "c"],
        "status": ["SSc"] * 4 + ["control"], "visit_months": [6, 0, 0, 0, 0],
        "mrss": [40, 10, 20, 30, 0], "age": [51, 50, 40, 60, 45], "sex": ["F", "F", "M", "F", "F"],
        "race": ["white", "white", "black", "white", "white"], "duration_months": [30, 12, 36, None, None],
        "subset": ["diffuse", "diffuse", "limited", "diffuse", ""], "local_skin_score": [2, 1, 1, 2, 0],
        "autoantibodies": ["Scl-70; centromere", "Scl-70; centromere", "none", "Scl-70", ""],
        "site": "x", "stain_batch": "1",
    })  # fmt: skip
    found = table_two(table).set_index("characteristic")
    ssc = found["SSc patients (n = 3)"]
    assert ssc["Age, years, mean ± SD"] == "50 ± 10"
    assert ssc["Women, n (%)"] == "2 (67 %)"
    assert ssc["mRSS, median (IQR)"] == "20 (10)"
    assert ssc["SSc disease duration, months, mean ± SD"] == "24 ± 17"
    assert ssc["Early SSc (< 24 months), n (%)"] == "1 (50 %)"
    assert ssc["Scl-70, n (%)"] == "2 (67 %)"
    assert ssc["centromere, n (%)"] == "1 (33 %)"
    assert ssc["Biopsies"] == "4"
    assert "1 SSc" in found["missing"]["SSc disease duration, months, mean ± SD"]
    assert found["Healthy controls (n = 1)"]["Age, years, mean ± SD"] == "45"


def test_matching_is_reported():
    table = cohort(30, 8)
    assert matching(table).split(" of ")[0].isdigit()
    far = table.assign(age=table["age"].where(table["status"] == "SSc", 120))
    assert matching(far).startswith("0 of 8 controls")
    assert matching(cohort(5, 0)) == "there are no controls"


def test_the_population_of_a_card_holds_nobody():
    found = population(cohort(60, 16))
    assert (found["patients"], found["controls"], found["biopsies"]) == (60, 16, 164)
    assert found["mrss"][1] <= 51
    assert not any("P0" in str(v) for v in found.values())
