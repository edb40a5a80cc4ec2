"""English."""

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import lines, pairs, words

LANGUAGE = Language(
    code="en",
    locale="en_US",
    openings=lines(
        """
        There is more to {t} than a first look suggests.
        The short answer about {t} is simple; the long one is more fun.
        When it comes to {t}, it pays to begin with what is already known.
        Ask ten people about {t} and you will hear eleven opinions.
        Few subjects reward a little patience as quickly as {t}.
        The interesting thing about {t} is how much depends on the details.
        Most people come to {t} by accident and stay out of curiosity.
        A good way into {t} is to look at one ordinary example.
        Much has been said about {t}, and some of it is even useful.
        With {t}, the first question is usually the wrong one, and that is fine.
        """
    ),
    body=lines(
        """
        With {t}, as with most good things, the beginning is the hardest part.
        Much of what is said about {t} turns out to be true only on Sundays.
        The more one knows about {t}, the better the questions become.
        Somebody should write a letter of thanks to whoever first noticed {t}.
        Books about {t} tend to begin with a warning and end with a recommendation.
        It is hard to think about {t} for long without thinking of {o} as well.
        A good afternoon with {t} teaches more than a week of reading.
        Children understand {t} at once; the rest of us need a diagram.
        The basics fit on a single page, and that page is worth reading twice.
        What looks complicated from a distance turns out to be a handful of simple steps.
        {n} once described it as a conversation that nobody wants to end.
        Timing plays a larger part than most guides admit.
        Small changes add up, especially when nobody is in a hurry.
        It helps to keep {o} in mind, because everything else leans on it.
        The usual advice is sound: start small, notice what happens, and adjust.
        Where opinions differ, they mostly differ about the order of things.
        A quick sketch on paper often settles what an hour of talk could not.
        There are exceptions, of course, and they are the best part.
        None of this is new, but it is easily forgotten.
        The connection with {o} is easy to miss and hard to overstate.
        Experience counts, yet beginners often ask the better questions.
        One mistake is so common that it deserves a name of its own: doing too much at once.
        In practice, the best results come from steady attention rather than sudden effort.
        A second look usually shows that two things were being confused all along.
        The numbers are less important than the direction in which they move.
        Good tools make a difference, and so does knowing when to put them down.
        Seen up close, {o} turns out to be the hinge on which the rest swings.
        What works in one place may fail in another for reasons that seem trivial.
        Those who have done it for years tend to agree on surprisingly little.
        The trick is to separate what matters now from what can wait until tomorrow.
        Anyone who has spent a rainy afternoon with {t} will know the feeling.
        Sometimes the detour is the shortest way.
        The history is full of happy accidents, and at least one spilled cup of tea.
        {n} keeps a notebook for exactly this purpose and swears by it.
        A little preparation saves a great deal of explaining afterwards.
        Behind every neat result lies a drawer full of untidy attempts.
        That is why the experts speak about {o} with so much affection.
        If something feels wrong, it is worth stopping to find out why.
        The rules are few, and the reasons behind them are better than the rules.
        Two questions help: what would change if it were gone, and who would notice first?
        It is rarely the big decision that counts, but the quiet habit that follows it.
        Comparisons are useful up to a point; beyond it they hide more than they show.
        The rest is a matter of taste, and taste can be learned.
        Nothing here needs special talent, only a certain stubborn curiosity.
        People who love {t} seldom agree on the reason.
        Patience, in this case, is a practical skill and not a virtue.
        A clear goal makes the dull parts shorter.
        Even the failures are instructive, provided that somebody writes them down.
        The effect is strongest at the beginning, then settles into something dependable.
        Looking at {o} first makes the whole picture easier to read.
        """
    ),
    closings=lines(
        """
        In the end, nothing explains {t} better than a closer look.
        That is enough to begin with; the rest can be learned along the way.
        Start with the simple case, and the difficult one will look familiar.
        A little curiosity goes a long way here.
        And if it does not work the first time, that too is part of the story.
        So the next step is small, and it can be taken today.
        Whatever comes next, the foundations will hold.
        """
    ),
    thoughts=lines(
        """
        The user is asking about {t}.
        I should not forget {o}.
        The tone should be friendly and to the point.
        I should start with the plain answer and add one example.
        A short reply will do; details can follow if they are wanted.
        Let me check that nothing in the question has been overlooked.
        One possible misunderstanding: {t} may mean more than one thing, so I will stay with the usual sense.
        First the overview, then what it means in practice.
        I will avoid jargon and keep the sentences short.
        The order matters: begin with what is known, then say what follows from it.
        An exception may be worth a mention, but only one.
        That covers the question, so I can write the answer now.
        """
    ),
    greetings=lines(
        """
        Hello! It is good to hear from you. What would you like to talk about?
        Hi there! How can I help you today?
        Hello! Ask me anything, and I will do my best.
        Hi! I am ready when you are. What is on your mind?
        """
    ),
    points=pairs(
        """
        Start small | one afternoon and one clear question are enough
        Ask someone who has done it | ten minutes of experience save a day of guessing
        Write things down | what is on paper need not be kept in mind
        Look at the whole first | the details make sense once the shape is clear
        Mind the timing | the right moment does half of the work
        Keep it simple | what can be explained in a sentence can be changed in a minute
        Check twice | most mistakes are visible to fresh eyes
        Leave some room | good plans have space for surprises
        Use what is there | the best tool is often already on the table
        Compare before choosing | two options are better than one, and five are too many
        Make it pleasant | what is fun gets finished
        Share the result | other people see what you have stopped seeing
        Rest in between | ideas like to arrive when nobody is looking
        Measure one thing | a single honest number beats a dashboard
        Celebrate the first success | it is the hardest one
        """
    ),
    traits=words(
        """
        patience curiosity timing practice balance attention simplicity courage rhythm trust clarity humour care detail
        luck warmth memory imagination
        """
    ),
    columns=("Aspect", "What it means", "Rating"),
    headings=("At a glance", "Why it matters", "How to begin", "What to avoid", "In short"),
    found=lines(
        """
        Here is what I found: {r}
        This is what came back: {r}
        I looked it up: {r}
        """
    ),
    leads={
        "list": ("Here are {c} thoughts on {t}:", "{C} points about {t}:", "A few things to know about {t}:"),
        "table": ("Here is an overview of {t}:", "This table sums up {t}:"),
        "code": ("Here is a version in {l} to start from:", "This is one way to do it in {l}:"),
        "after": (
            "It runs as it stands; adjust the names to your taste.",
            "The rest is a matter of style, so change it freely.",
        ),
        "tool": ("{tool} says", "according to {tool}"),
        "failed": ("{tool} could not help: {r}",),
        "silent": ("{tool} is done; it had nothing to report.",),
    },
    conjunction=" and ",
    topic="the question",
    stop_words=frozenset(
        words(
            """
            a an the i me my mine we us our you your he him his she her it its they them their this that these those who
            whom whose which what when where why how if then than and or but so not no nor only just also very too as at by for
            from in into of off on onto out over to up with without within about after before between through during against
            is are was were be been being am do does did done doing have has had having can could will would shall should may
            might must let let's please kindly bulleted numbered bullet bullets hi hello hey thanks thank ok okay there here some any every each all both more
            most much many few less least other another such own same again ever never always often sometimes now today
            tomorrow really actually maybe i'm i'd i'll i've it's what's don't doesn't can't won't isn't
            write tell give show explain describe make create draw generate list name say help need want like get got go
            think know find found search look summarize summarise translate compare suggest recommend propose discuss define
            compose draft answer reply respond ask speak talk read see use using used work works working mean means happen
            happens become becomes come comes keep keeps take takes put bring brings finds sees goes gets loves
            sing turn visit choose avoid prepare improve move reduce exist provide include including contain format return returns output produce teach learn plan cook
            eat buy best better good great nice short long brief briefly quick quickly simple detailed concise
            word words sentence sentences paragraph paragraphs line lines page bullet bullets point points item items example
            examples step steps way ways thing things kind kinds sort lot bit table list story poem haiku essay text article
            email letter report summary answer question code query queries function program script snippet class json markdown
            one two three four five six seven eight nine ten hundred difference differences reason reasons advantages
            disadvantages pros cons idea ideas tip tips fact facts
            English German French Spanish Portuguese Japanese Chinese Korean Arabic Hindi
            """.lower()
        )
    ),
    wishes={
        "list": r"\b(list|bullets?|bullet points|steps|tips|ideas|reasons|ways|examples|names for|things to|checklist|todo)\b",
        "table": r"\b(table|tabular|spreadsheet|grid)\b",
        "code": r"\b(code|function|script|program|snippet|class|regex|query|implement|component|endpoint|unit test)\b",
        "brief": r"\b(brief(?:ly)?|short(?:ly)?|concise(?:ly)?|one[- ]liner|in a nutshell|tl;?dr|quick(?:ly)?|few words)\b",
        "long": r"\b(essay|in detail|detailed|long|article|in depth|thorough(?:ly)?|comprehensive)\b",
        "story": r"\b(story|tale|fairy ?tale|fable|bedtime)\b",
        "hello": r"^\W*(hi|hello|hey|good (?:morning|evening|afternoon|day)|howdy|greetings|yo)\b[^?]{0,20}$",
        "sentences": r"(\d{1,9}|single) sentences?\b",
        "words": r"(\d{1,9}) words?\b",
        "count": r"\b(\d{1,9})\b",
    },
    numerals=words("one two three four five six seven eight nine ten"),
    story=(
        lines(
            """
            In a town that no map bothers with, there was once {t}.
            Nobody could remember a time before {t}.
            It began on a Tuesday, with {t} and a knock at the door.
            This is how {n} told it, years later, about {t}.
            """
        ),
        lines(
            """
            The evenings were long, and the kettle was always a little too loud.
            Then, one grey morning, everything that had been ordinary was not.
            "That cannot be right," said {n}, and it was not.
            The key did not fit, but the door opened all the same.
            For a while nothing happened, and then a great deal happened at once.
            Under the floorboards lay a letter with tomorrow's date on it.
            {n} counted to ten, twice, and went in.
            Outside it had begun to rain, as it does when somebody is about to decide something.
            Nobody spoke of {o}, which is how everybody knew.
            There was a smell of oranges and of wet wool.
            The old dog lifted his head, thought better of it, and went back to sleep.
            On the third night the light stayed on.
            What was found there was small enough for a pocket and too heavy to carry.
            "You are late," said a voice that was not unkind.
            The clock struck seven, although it was nearly nine.
            It took all winter, and most of the spring.
            """
        ),
        lines(
            """
            In the morning the chair was empty, and the tea was still warm.
            Some say that it ended there; {n} says that it had just begun.
            And if the wind is right, you can hear it still.
            After that the town was on the map.
            """
        ),
    ),
)
