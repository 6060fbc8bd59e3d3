// Imports a table of purchases (date, description, amount) through @actual-app/api, twice; prints the seconds.
const fs = require('fs');
const api = require(require.resolve('@actual-app/api', { paths: [process.argv[2]] }));

async function main(table, dataDir) {
  console.log = () => {}; // it prints each transaction that it finds again
  await api.init({ dataDir });
  let account;
  await api.runImport('bench', async () => {
    account = await api.createAccount({ name: 'bench', offbudget: false }, 0);
  });
  const seconds = [];
  for (let time = 0; time < 2; time += 1) {
    const start = process.hrtime.bigint();
    const lines = fs.readFileSync(table, 'utf8').trim().split('\n').slice(1);
    const transactions = lines.map((line) => {
      const [date, shop, amount] = line.split(',');
      return { account, date, payee_name: shop, amount: api.utils.amountToInteger(Number(amount)) };
    });
    const { errors } = await api.importTransactions(account, transactions);
    if (errors && errors.length) throw new Error(errors[0].message);
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  const found = await api.getTransactions(account, '1900-01-01', '2100-01-01');
  await api.shutdown();
  process.stdout.write(`${JSON.stringify({ seconds, transactions: found.length })}\n`);
}

main(...process.argv.slice(3)).catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
