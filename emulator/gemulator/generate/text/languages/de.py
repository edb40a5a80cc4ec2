"""German. The topic needs no article: it follows "zum Thema", "rund um", or a colon."""

from gemulator.generate.text.languages.language import Language
from gemulator.generate.text.languages.word_blocks import lines, pairs, words

LANGUAGE = Language(
    code="de",
    locale="de_DE",
    openings=lines(
        """
        Zum Thema {t} lässt sich mehr sagen, als man zunächst denkt.
        Beim Thema {t} lohnt sich ein zweiter Blick.
        Wer sich mit dem Thema {t} beschäftigt, stößt schnell auf überraschende Einzelheiten.
        Rund um das Thema {t} gibt es viele Meinungen und einige gute Antworten.
        Die kurze Antwort zum Thema {t} ist einfach, die lange ist unterhaltsamer.
        Am Anfang steht beim Thema {t} meist eine ganz einfache Frage.
        """
    ),
    body=lines(
        """
        Je mehr man zum Thema {t} weiß, desto besser werden die Fragen.
        Bücher zum Thema {t} beginnen gern mit einer Warnung und enden mit einer Empfehlung.
        Beim Thema {t} ist der Anfang, wie so oft, der schwerste Teil.
        Zum Thema {t} lernt man an einem guten Nachmittag mehr als in einer Woche Lektüre.
        Das Wesentliche passt auf eine Seite, und diese Seite sollte man zweimal lesen.
        Was aus der Ferne kompliziert aussieht, besteht aus wenigen einfachen Schritten.
        {n} hat es einmal ein Gespräch genannt, das niemand beenden möchte.
        Der richtige Zeitpunkt spielt eine größere Rolle, als die meisten Ratgeber zugeben.
        Kleine Änderungen summieren sich, besonders wenn es niemand eilig hat.
        Dabei hilft es, auch an das Stichwort {o} zu denken, denn vieles hängt daran.
        Der übliche Rat ist gut: klein anfangen, beobachten, nachbessern.
        Wo die Meinungen auseinandergehen, geht es meist um die Reihenfolge.
        Eine Skizze auf Papier klärt oft mehr als eine Stunde Diskussion.
        Natürlich gibt es Ausnahmen, und sie sind das Schönste daran.
        Neu ist das alles nicht, aber es gerät leicht in Vergessenheit.
        Der Zusammenhang mit dem Thema {o} wird gern übersehen.
        Erfahrung zählt, doch Anfänger stellen häufig die besseren Fragen.
        Ein Fehler kommt besonders oft vor: zu viel auf einmal zu wollen.
        In der Praxis bringt stetige Aufmerksamkeit mehr als plötzlicher Eifer.
        Auf den zweiten Blick zeigt sich, dass zwei Dinge verwechselt wurden.
        Die Zahlen sind weniger wichtig als die Richtung, in die sie sich bewegen.
        Gutes Werkzeug macht einen Unterschied, und zu wissen, wann man es weglegt, ebenfalls.
        Was an einem Ort gelingt, kann an einem anderen aus nichtigen Gründen scheitern.
        Die Kunst besteht darin, das Dringende vom Wichtigen zu trennen.
        Manchmal ist der Umweg der kürzeste Weg.
        Die Geschichte ist voller glücklicher Zufälle und mindestens einer umgestoßenen Tasse Tee.
        {n} führt dafür eigens ein Notizbuch und schwört darauf.
        Ein wenig Vorbereitung erspart hinterher viele Erklärungen.
        Hinter jedem sauberen Ergebnis liegt eine Schublade voller Versuche.
        Wenn sich etwas falsch anfühlt, lohnt es sich, nach dem Grund zu suchen.
        Es gibt nur wenige Regeln, und ihre Gründe sind besser als die Regeln selbst.
        Selten entscheidet der große Entschluss, meist ist es die stille Gewohnheit danach.
        Der Rest ist Geschmackssache, und Geschmack lässt sich lernen.
        Geduld ist hier keine Tugend, sondern eine praktische Fähigkeit.
        Ein klares Ziel macht die langweiligen Abschnitte kürzer.
        Selbst das Scheitern ist lehrreich, sofern es jemand aufschreibt.
        """
    ),
    closings=lines(
        """
        Am besten versteht man das Thema {t}, indem man es ausprobiert.
        Für den Anfang genügt das; der Rest ergibt sich unterwegs.
        Wer mit dem einfachen Fall beginnt, erkennt den schwierigen wieder.
        Ein wenig Neugier bringt einen hier erstaunlich weit.
        Und wenn es beim ersten Mal nicht gelingt, gehört auch das dazu.
        """
    ),
    thoughts=lines(
        """
        Es geht um das Thema {t}.
        Am wichtigsten ist hier das Stichwort {o}.
        Der Ton sollte freundlich und sachlich sein.
        Ich beginne mit der einfachen Antwort und füge ein Beispiel hinzu.
        Eine kurze Antwort genügt; Einzelheiten können folgen.
        Zuerst der Überblick, dann die Folgen für die Praxis.
        Ich prüfe noch einmal, ob ich etwas in der Frage übersehen habe.
        Fachwörter lasse ich weg und halte die Sätze kurz.
        Damit ist die Frage abgedeckt, und ich kann antworten.
        """
    ),
    greetings=lines(
        """
        Hallo! Schön, von Ihnen zu hören. Worüber möchten Sie sprechen?
        Guten Tag! Wie kann ich Ihnen helfen?
        Hallo! Fragen Sie gern, ich gebe mein Bestes.
        """
    ),
    points=pairs(
        """
        Klein anfangen | ein Nachmittag und eine klare Frage genügen
        Erfahrene fragen | zehn Minuten Erfahrung ersparen einen Tag Raten
        Aufschreiben | was auf dem Papier steht, muss niemand im Kopf behalten
        Das Ganze betrachten | die Einzelheiten ergeben sich aus der Form
        Auf den Zeitpunkt achten | der richtige Moment erledigt die halbe Arbeit
        Einfach bleiben | was in einen Satz passt, lässt sich in einer Minute ändern
        Zweimal prüfen | frische Augen sehen die meisten Fehler
        Platz lassen | gute Pläne haben Raum für Überraschungen
        Vorhandenes nutzen | das beste Werkzeug liegt oft schon auf dem Tisch
        Vergleichen | zwei Möglichkeiten sind besser als eine, fünf sind zu viele
        Freude daran haben | was Spaß macht, wird auch fertig
        Pausen machen | gute Ideen kommen gern, wenn niemand hinsieht
        """
    ),
    traits=words(
        "Geduld Neugier Übung Gleichgewicht Mut Klarheit Vertrauen Sorgfalt Humor Wärme Ausdauer Glück Rhythmus"
    ),
    columns=("Aspekt", "Bedeutung", "Bewertung"),
    headings=(
        "Auf einen Blick",
        "Warum es wichtig ist",
        "So gelingt der Anfang",
        "Was man vermeiden sollte",
        "Kurz gesagt",
    ),
    found=lines(
        """
        Das habe ich herausgefunden: {r}
        Hier ist das Ergebnis: {r}
        """
    ),
    leads={
        "list": ("{C} Gedanken zum Thema {t}:", "Das Wichtigste zum Thema {t}:"),
        "table": ("Hier ist eine Übersicht zum Thema {t}:",),
        "code": ("So könnte es in {l} aussehen:", "Hier ist ein Anfang in {l}:"),
        "after": ("Das läuft so, wie es ist; die Namen lassen sich nach Belieben ändern.",),
        "failed": ("{tool} konnte nicht helfen: {r}",),
        "silent": ("{tool} ist erledigt; zu berichten gab es nichts.",),
    },
    conjunction=" und ",
    topic="diese Frage",
    stop_words=frozenset(
        words(
            """
            der die das den dem des ein eine einen einem einer eines und oder aber ist sind war waren sein bin bist wird werden
            wurde hat haben hatte kann können könnte soll sollte muss darf will möchte ich du er sie es wir ihr mich mir dich
            dir uns euch ihm ihn ihnen mein meine meinen meinem dein deine unser wie was wer wo wann warum wieso weshalb welche
            welcher welches welchen in im am an auf aus bei bis durch für gegen mit nach ohne über um unter von vom vor zu zum
            zur zwischen nicht kein keine nur auch sehr mehr viel viele etwas alles bitte danke hallo schreibe schreib erkläre
            erklär nenne zeige zeig gib sag sage erzähle erzähl mache mach erstelle beschreibe liste hilf als dass ob wenn denn
            doch so dann hier dort heute morgen gedicht geschichte text satz sätze wörter worte wörtern worten sätzen tabelle
            liste aufsatz artikel beispiel beispiele tipps gründe ideen kurz kurze lang lange einfach drei vier fünf zwei zehn
            code funktion programm frage antwort email brief unterschied thema man sich funktioniert funktionieren
            """
        )
    ),
    wishes={
        "list": r"\b(liste|stichpunkte\w*|aufzählung|schritte|tipps|ideen|gründe|beispiele)\b",
        "table": r"\btabell(?:e|arisch)",
        "code": r"\b(code|funktion|skript|programm|klasse)\b",
        "brief": r"\b(kurz|knapp|in wenigen worten|stichwortartig)\b",
        "long": r"\b(ausführlich|aufsatz|artikel|detailliert|lang)\b",
        "hello": r"^\W*(hallo|hi|guten (?:tag|morgen|abend)|servus|moin|grüß gott)\b[^?]{0,20}$",
        "sentences": r"(\d{1,9}) s[äa]tz(?:en?)?\b",
        "words": r"(\d{1,9}) w[öo]rte[rn]*\b",
        "count": r"\b(\d{1,9})\b",
    },
    numerals=words("ein zwei drei vier fünf sechs sieben acht neun zehn"),
)
