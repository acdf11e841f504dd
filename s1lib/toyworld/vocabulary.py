"""The tags that items are named by: one list per kind, several words per initial."""

# "In order" means by name: tags run through the alphabet from A without gaps, so that the next
# item (or, from the end, the one before) follows from the last; the question lists them in any
# order, so that an item must be found by its tag. Words start anywhere and stand in order.
NAMES = tuple(
    """
    Ann Bob Cid Dan Eve Fay Gus Hal Ida Jim Kay Leo Max Ned Oto Pam Quo Ray Sue Tom Uma
    Val Wes
    """.split()
)

PLACES = tuple(
    """
    Ash Box Cove Dell Elm Fir Glen Hill Isle Jute Kiln Lake Mill Nook Oak Pier Quay Rock
    Spa Tarn Ulm Vale Well
    """.split()
)

WORDS = tuple(
    """
    apple acorn almond artichoke avocado banana berry beetle bottle butter cherry carrot
    cheese coffee cinnamon dragon daisy dinner dolphin eleven engine eagle eggplant
    fennel ferret feather fiddle garlic ginger giraffe goggle hammer hazel honey hippo
    indigo island ivory igloo jacket jelly juniper jasmine kettle kitten kiwi kennel
    lemon lettuce llama lily melon muffin mirror mammoth nettle nutmeg needle noodle
    orange olive otter onion pepper parrot pebble papaya quiver quill quinoa raspberry
    rabbit radish rhubarb strawberry spinach summer saddle tomato turnip teapot tunnel
    umbrella unicorn uncle velvet vanilla violin vessel walnut willow winter weevil
    """.split()
)
