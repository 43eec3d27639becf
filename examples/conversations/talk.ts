import { type ChatMessage, defineCustom, textMessage } from 'rowsmith'

interface Setting {
  topic: string
  mood: string
  turns: number
}

/** A conversation of two models, as a list of messages that begins with the user. */
export const talk = defineCustom({
  requiredColumns: ['topic', 'mood', 'turns'],
  modelAliases: ['user', 'assistant'],
  outputType: 'json',
  async generate({ topic, mood, turns }: Setting, { ask }) {
    const said: { role: 'user' | 'assistant'; content: string }[] = []
    // For each side, what it says itself is the assistant's part of the conversation.
    const seenBy = (side: 'user' | 'assistant', system: string): ChatMessage[] => [
      textMessage('system', system),
      ...(side === 'user' ? [textMessage('user', 'Begin the conversation.')] : []),
      ...said.map(({ role, content }) =>
        textMessage(role === side ? 'assistant' : 'user', content),
      ),
    ]
    while (said.length < turns) {
      const side = said.length % 2 === 0 ? 'user' : 'assistant'
      const system =
        side === 'user'
          ? `You are a ${mood} person who asks for help with ${topic}. Write one short message.`
          : 'You are a helpful assistant. Answer in two or three sentences.'
      said.push({ role: side, content: await ask(side, seenBy(side, system)) })
    }
    return said
  },
})
