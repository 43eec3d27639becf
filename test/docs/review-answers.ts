/** Answers of a scripted model to the two prompts of the pictures: varied enough to read as a dataset. */
export function answerTo(prompt: string, number: number): string {
  const asked = /A (\d)-star review of a ([\w ]+) for/.exec(prompt)
  if (asked === null) return join(number, [thanks, remarks, replies, closings])
  const [, stars = '3', product = 'kettle'] = asked
  const mood = moods[Number(stars) - 1] ?? 'mixed'
  return join(number, [openings, facts[product]?.[mood] ?? [], endings[mood]])
}

type Mood = 'bad' | 'mixed' | 'good'

const moods: readonly Mood[] = ['bad', 'bad', 'mixed', 'good', 'good']

/** One sentence of each list. */
function join(number: number, lists: readonly (readonly string[])[]): string {
  // Neighbours differ in every sentence.
  let left = Math.imul(number + 1, 0x9e3779b1)
  left = Math.imul(left ^ (left >>> 15), 0x85ebca6b)
  left = (left ^ (left >>> 13)) >>> 0
  const sentences = lists.map((list) => {
    const sentence = list[left % list.length]
    left = Math.floor(left / list.length)
    return sentence
  })
  return sentences.join(' ')
}

const openings = [
  'I bought it in spring for our first flat.',
  'My sister gave it to me for my birthday.',
  'This is the second one in our house.',
  'Ordered on a Monday, here by Wednesday.',
  'The old one gave up after nine years.',
  'I read forty reviews before I chose this.',
  'It was on sale, so I took a chance.',
  'We use it every day, four people and a dog.',
  'A colleague would not stop talking about hers.',
  'Three months in, here is what I think.',
  'I wanted something that looks like nothing much.',
  'My parents asked for an easy one.',
  'I moved to the coast and needed a better one.',
  'Not my first choice, that was sold out.',
  'The shop on the corner had it in the window.',
  'I have had it through one whole winter.',
]

const facts: Record<string, Record<Mood, readonly string[]>> = {
  kettle: {
    bad: [
      'The lid springs open while it pours.',
      'It tastes of plastic even after ten boils.',
      'The switch jams unless you press it twice.',
      'Water drips down the spout onto the table.',
      'The scale shows 0.8 litres when it is full.',
    ],
    mixed: [
      'It boils fast but roars like a train.',
      'The handle stays cool, the base does not.',
      'A litre takes four minutes, which is average.',
      'The filter is good and hard to take out.',
      'It looks fine and shows every fingerprint.',
    ],
    good: [
      'A full litre boils in under three minutes.',
      'It pours without a drip, and the handle stays cool.',
      'The keep-warm setting holds 80 degrees for an hour.',
      'It is quiet enough for a kitchen next to a bedroom.',
      'The wide lid makes descaling easy.',
    ],
  },
  'desk lamp': {
    bad: [
      'It flickers on every step but the brightest.',
      'The arm sinks a little more each day.',
      'The clamp left a mark on my oak desk.',
      'The touch button works one time in three.',
      'The cable is too short for any normal desk.',
    ],
    mixed: [
      'The light is pleasant, the joint squeaks.',
      'It is bright in the middle and dim at the edges.',
      'Five levels, of which I use two.',
      'The foot is heavy, which is good and bad.',
      'It stays put, though the switch sits at the back.',
    ],
    good: [
      'The arm stays exactly where I leave it.',
      'Warm light at night, clear light by day, one knob.',
      'My eyes no longer hurt after a long evening.',
      'It lights the whole desk and not the wall.',
      'It fits between two screens and takes no room.',
    ],
  },
  'rain jacket': {
    bad: [
      'The seams let water in after twenty minutes.',
      'The zip broke on the second walk.',
      'The hood slides over my eyes in any wind.',
      'It smells of glue, and airing does not help.',
      'The sleeves end well above my wrists.',
    ],
    mixed: [
      'It keeps the rain out and the sweat in.',
      'It packs small but creases for days.',
      'The cut is good, the pockets are useless.',
      'Fine for the city, too thin for the hills.',
      'Dry shoulders, wet knees: it is rather short.',
    ],
    good: [
      'Two hours of hail, and my shirt was dry.',
      'It folds into its own pocket and weighs nothing.',
      'The hood follows my head when I look back on the bike.',
      'The vents under the arms make all the difference.',
      'After a year the water still rolls off.',
    ],
  },
}

const endings: Record<Mood, readonly string[]> = {
  bad: [
    'I sent it back.',
    'Now it lives in the cellar.',
    'Customer service has been silent for two weeks.',
    'Save your money.',
    'I expected more for the price.',
    'My neighbour had the same trouble with his.',
    'I wish I had kept the receipt.',
  ],
  mixed: [
    'For the price I can live with that.',
    'I would look around before buying it again.',
    'It does the job and nothing more.',
    'Perhaps the next version gets it right.',
    'I keep it, without great love.',
    'My partner likes it better than I do.',
    'Half of what I hoped for.',
  ],
  good: [
    'I would buy it again tomorrow.',
    'Worth every cent.',
    'My mother has ordered one, too.',
    'I can find nothing to complain about.',
    'It makes a dull task a small pleasure.',
    'I hope they never change it.',
    'The best thing I bought this year.',
  ],
}

const thanks = [
  'Thank you for taking the time to write.',
  'We read every review, and yours was a help.',
  'Thanks for the honest words.',
  'It is good to hear how it does in daily use.',
  'Your review went straight to our workshop.',
  'Thank you, also for the details.',
  'We are glad you told us.',
]

const remarks = [
  'You are not the first to say so.',
  'That is what it is made for.',
  'We heard the same at the fair in May.',
  'Our own kitchen table came to the same verdict.',
  'It took us four prototypes to get there.',
  'Few people notice that so soon.',
  'This is the kind of detail we argue about.',
  'It depends a little on how often it is used.',
  'We would have written the same.',
  'In the lab it was just like that.',
  'We will not pretend otherwise.',
]

const replies = [
  'Parts are free for five years: write to us with your order number.',
  'The team that builds it looks at this point right now.',
  'A short guide with tips is on its way to your inbox.',
  'You can swap it at any of our shops, no questions asked.',
  'We passed your words on to the people who tested it.',
  'The new batch of this autumn has a small change there.',
  'Should anything come up, our phone line is open on weekdays.',
  'We put a voucher for your next order into your account.',
  'Other customers asked the same, so we wrote a page about it.',
]

const closings = [
  'Anna from the service team',
  'Many greetings from the workshop',
  'Enjoy it, and take care',
  'Yours, Tom and the team',
  'See you again soon',
  'Warm regards from Ghent',
  'Have a good week',
  'With thanks, Ines',
]
