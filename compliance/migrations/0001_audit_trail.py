
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('action', models.CharField(max_length=40)),
                ('target', models.CharField(max_length=80)),
                ('before', models.JSONField(help_text='What the action changes, as it was known when the command was given.')),
                ('after', models.JSONField(help_text='The same as the command wants it.')),
                ('reason', models.CharField(max_length=400)),
                ('request_id', models.CharField(blank=True, help_text='As in the logs; empty: not from a request.', max_length=64)),
                ('outcome', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('refused', 'Refused'), ('void', 'Void')], default='pending', max_length=8)),
                ('code', models.CharField(blank=True, help_text='Why it was not accepted.', max_length=40)),
                ('sequence', models.BigIntegerField(help_text="The engine's record of it, once accepted.", null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'permissions': [('inspect', 'May look at every row'), ('operate', 'May give commands to the engine')],
                'default_permissions': (),
                'indexes': [models.Index(fields=['target', 'id'], name='audit_by_target')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ('pending', 'accepted', 'refused', 'void'))), name='audit_outcome_known'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='audit_reason_is_given'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('outcome', 'pending')), models.Q(models.Q(('outcome', 'pending'), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='audit_finished_iff_decided'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'accepted'), ('sequence__isnull', False)), models.Q(models.Q(('outcome', 'accepted'), _negated=True), ('sequence', None)), _connector='OR'), name='audit_sequence_iff_accepted')],
            },
        ),
    ]
