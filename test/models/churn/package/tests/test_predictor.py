from pathlib import Path

from src.predictor import Predictor

MODEL = Path(__file__).parent.parent / "model"


def test_a_new_unhappy_customer_is_likelier_to_leave_than_an_old_one():
    unhappy, loyal = Predictor(str(MODEL)).predict(
        [[1, 99.0, "monthly", 6], [70, 40.0, "two-year", 0]]
    )
    assert unhappy["churn"]
    assert not loyal["churn"]


def test_objects_mean_the_same_as_lists():
    predictor = Predictor(str(MODEL))
    instance = {
        "support_calls": 2,
        "contract": "yearly",
        "monthly_charges": 55.5,
        "tenure_months": 12,
    }
    assert predictor.predict([instance]) == predictor.predict([[12, 55.5, "yearly", 2]])
