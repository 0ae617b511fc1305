"""Any JSON value, for properties that hold for all of them."""

from hypothesis import strategies as st

names = st.text(alphabet="ab~/1-é", max_size=3)
scalars = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | st.text("xy")
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
documents = st.dictionaries(names, values, max_size=4)


def nested(levels, inner=1):
    """A document of so many objects inside one another."""
    for _ in range(levels):
        inner = {"a": inner}
    return inner
