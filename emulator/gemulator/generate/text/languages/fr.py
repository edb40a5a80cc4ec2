"""French. The topic keeps its article, which contracts with "à" and "de"."""

import re

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import lines, pairs, words

_MELTED = (
    (re.compile(r"\b([Dd])e le (?=\w)"), r"\1u "),
    (re.compile(r"\b([Dd])e les "), r"\1es "),
    (re.compile(r"\bà le (?=\w)"), "au "),
    (re.compile(r"\bà les "), "aux "),
    (re.compile(r"\b([Dd])e (?=[aeiouyéèêàâîôûhAEIOUÉÈÊÀÂÎÔH])"), r"\1’"),
)


def _contract(sentence: str) -> str:
    for pattern, melted in _MELTED:
        sentence = pattern.sub(melted, sentence)
    return sentence


LANGUAGE = Language(
    code="fr",
    locale="fr_FR",
    openings=lines(
        """
        Il y a plus à dire sur {t} qu’on ne le croit au premier abord.
        À propos de {t}, la réponse courte est simple ; la longue est plus amusante.
        Quand on parle de {t}, mieux vaut commencer par ce que l’on sait déjà.
        Demandez à dix personnes ce qu’elles pensent de {t} : vous obtiendrez onze avis.
        On arrive souvent à {t} par hasard, et l’on y reste par curiosité.
        """
    ),
    body=lines(
        """
        Plus on en sait sur {t}, meilleures deviennent les questions.
        Les livres sur {t} commencent souvent par un avertissement et finissent par un conseil.
        Il est difficile de penser longtemps à {t} sans penser aussi à {o}.
        Un bon après-midi consacré à {t} en apprend plus qu’une semaine de lecture.
        L’essentiel tient sur une page, et cette page mérite d’être relue.
        Ce qui paraît compliqué de loin se réduit à quelques étapes simples.
        {n} en parlait un jour comme d’une conversation que personne ne veut finir.
        Le bon moment compte davantage que ne l’admettent les manuels.
        Les petits changements s’additionnent, surtout quand personne n’est pressé.
        Il est utile de garder à l’esprit {o}, car tout le reste s’y appuie.
        Le conseil habituel est bon : commencer petit, observer, puis ajuster.
        Quand les avis divergent, c’est surtout sur l’ordre des choses.
        Un croquis sur le papier règle souvent ce qu’une heure de débat laisse ouvert.
        Il existe des exceptions, bien sûr, et c’est la meilleure partie.
        Rien de tout cela n’est nouveau, mais on l’oublie facilement.
        L’expérience compte, mais les débutants posent souvent de meilleures questions.
        Une erreur revient sans cesse : vouloir tout faire à la fois.
        En pratique, une attention régulière vaut mieux qu’un effort soudain.
        Un second regard montre souvent que l’on confondait deux choses.
        Les chiffres importent moins que la direction dans laquelle ils évoluent.
        Un bon outil aide beaucoup, et savoir le poser aussi.
        Ce qui réussit ici peut échouer ailleurs pour des raisons minuscules.
        Tout l’art consiste à séparer ce qui presse de ce qui peut attendre demain.
        Parfois, le détour est le chemin le plus court.
        L’histoire est pleine de hasards heureux et d’au moins une tasse renversée.
        {n} tient un carnet exprès pour cela et ne jure que par lui.
        Un peu de préparation épargne beaucoup d’explications.
        Derrière chaque beau résultat se cache un tiroir plein d’essais.
        Les règles sont peu nombreuses, et leurs raisons valent mieux qu’elles.
        Le reste est une affaire de goût, et le goût s’apprend.
        Un but clair rend plus courts les passages ennuyeux.
        Même les échecs sont instructifs, pourvu que quelqu’un les note.
        """
    ),
    closings=lines(
        """
        Au fond, rien ne vaut l’expérience pour comprendre {t}.
        Cela suffit pour commencer ; le reste viendra en chemin.
        Commencez par le cas simple, et le plus difficile vous semblera familier.
        Et si cela ne marche pas du premier coup, cela fait aussi partie de l’histoire.
        """
    ),
    thoughts=lines(
        """
        La question porte sur {t}.
        Il ne faut pas oublier {o}.
        Le ton doit rester amical et précis.
        Je commence par la réponse simple, puis j’ajoute un exemple.
        Une réponse courte suffira ; les détails pourront suivre.
        D’abord la vue d’ensemble, ensuite la pratique.
        Je vérifie que rien ne m’a échappé dans la question.
        Tout y est : je peux rédiger la réponse.
        """
    ),
    greetings=lines(
        """
        Bonjour ! Ravi de vous lire. De quoi aimeriez-vous parler ?
        Bonjour ! Comment puis-je vous aider ?
        """
    ),
    points=pairs(
        """
        Commencer petit | un après-midi et une question claire suffisent
        Demander à qui l’a déjà fait | dix minutes d’expérience épargnent une journée d’essais
        Tout noter | ce qui est sur le papier ne pèse plus sur la mémoire
        Regarder l’ensemble | les détails prennent sens quand la forme est claire
        Choisir son moment | il fait la moitié du travail
        Rester simple | ce qui tient en une phrase se change en une minute
        Vérifier deux fois | un regard neuf voit presque toutes les erreurs
        Laisser de la place | un bon plan accueille les surprises
        Se servir de ce qui existe | le meilleur outil est souvent déjà sur la table
        Comparer | deux options valent mieux qu’une, et cinq sont trop
        Se faire plaisir | ce qui amuse finit par s’achever
        Faire des pauses | les idées viennent quand on ne les guette plus
        """
    ),
    traits=words(
        "patience curiosité équilibre courage clarté confiance soin humour rythme chaleur mémoire chance attention"
    ),
    columns=("Aspect", "Ce que cela signifie", "Note"),
    headings=("En bref", "Pourquoi c’est important", "Par où commencer", "Ce qu’il faut éviter", "Pour conclure"),
    found=lines(
        """
        Voici ce que j’ai trouvé : {r}
        Voici le résultat : {r}
        """
    ),
    leads={
        "list": ("{C} idées à propos de {t} :", "L’essentiel à propos de {t} :"),
        "table": ("Voici un aperçu à propos de {t} :",),
        "code": ("Voici une version en {l} pour commencer :",),
        "after": ("Le code fonctionne tel quel ; changez les noms à votre goût.",),
        "failed": ("{tool} n’a pas pu aider : {r}",),
        "silent": ("{tool} a terminé, sans rien à signaler.",),
    },
    conjunction=" et ",
    topic="cette question",
    stop_words=frozenset(
        words(
            """
            le la les l un une des du de d au aux et ou mais donc or ni car est sont était être suis es êtes sera a ont ai as
            avons avez avoir fait faire fais peut peux pouvez pourrait doit dois je tu il elle on nous vous ils elles me te se
            moi toi lui leur mon ma mes ton ta tes son sa ses notre votre nos vos ce cet cette ces qui que quoi dont où quel
            quelle quels quelles comment pourquoi quand combien dans sur sous avec sans pour par en entre vers chez à y ne pas
            plus moins très bien aussi tout toute tous toutes si comme même autre deux trois quatre cinq dix mots phrases phrase
            écris écrivez écrire explique expliquez expliquer donne donnez décris décrivez raconte racontez montre fais
            propose crée créez rédige rédigez liste tableau poème histoire texte article essai exemple exemples idées conseils
            raisons court courte brièvement bref bonjour merci s il-te-plaît plaît svp parle parlez dis dites aide aidez
            qu c j n m t s fonctionne code fonction programme question réponse sujet est-ce différence différences
            """
        )
    ),
    wishes={
        "list": r"\b(liste|étapes|conseils|idées|raisons|exemples|points)\b",
        "table": r"\btableau\b",
        "code": r"\b(code|fonction|script|programme|classe)\b",
        "brief": r"\b(bref|brièvement|court(?:e)?|en quelques mots)\b",
        "long": r"\b(détaillée?|essai|article|long(?:ue)?|en détail)\b",
        "hello": r"^\W*(bonjour|salut|bonsoir|coucou)\b[^?]{0,20}$",
        "sentences": r"(\d{1,9}) phrases?\b",
        "words": r"(\d{1,9}) mots?\b",
        "count": r"\b(\d{1,9})\b",
    },
    numerals=words("un deux trois quatre cinq six sept huit neuf dix"),
    mend=_contract,
)
